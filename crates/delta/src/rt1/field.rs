//! Fields of references: their value for a target, and the target of their value.

use crate::image::Layout;
use crate::references::{Anchor, FIXUP, Form, Reference, anchor_place, fixup_target, pages};

/// Where a field of the artifact is, and what it may be relative to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site {
    /// Its place.
    pub(super) place: u32,
    /// The place of its region.
    pub(super) region: u32,
    /// The anchor of its region.
    pub(super) anchor: u32,
}

/// The bits of a field that are not its target, and so many that are.
pub(super) fn mask(form: Form) -> u64 {
    match form {
        Form::Relative | Form::Anchored => 0xffff_ffff,
        Form::Absolute => u64::MAX,
        Form::Fixup => FIXUP,
        Form::Branch26 => 0x03ff_ffff,
        Form::Branch19 => 0x00ff_ffe0,
        Form::Page => 0x60ff_ffe0,
        Form::PageOffset => 0x003f_fc00,
    }
}

/// The number of bits in [`mask`].
pub(super) fn bits(form: Form) -> u32 {
    mask(form).count_ones()
}

/// The target bits of a word, put together.
pub(super) fn gather(form: Form, word: u64) -> u64 {
    match form {
        Form::Relative | Form::Anchored | Form::Absolute | Form::Fixup | Form::Branch26 => word & mask(form),
        Form::Branch19 => word >> 5 & 0x7_ffff,
        Form::Page => (word >> 5 & 0x7_ffff) << 2 | word >> 29 & 3,
        Form::PageOffset => word >> 10 & 0xfff,
    }
}

/// A word with other target bits.
pub(super) fn scatter(form: Form, word: u64, number: u64) -> u64 {
    let rest = word & !mask(form);
    rest | match form {
        Form::Relative | Form::Anchored | Form::Absolute | Form::Fixup | Form::Branch26 => {
            number & mask(form)
        }
        Form::Branch19 => (number & 0x7_ffff) << 5,
        Form::Page => (number >> 2 & 0x7_ffff) << 5 | (number & 3) << 29,
        Form::PageOffset => (number & 0xfff) << 10,
    }
}

/// The word of a reference of the base, re-targeted: to `target`, at `site` of the artifact.
pub(super) fn encode(reference: &Reference, word: u64, target: u32, site: Site, layout: &Layout) -> u64 {
    let number: u64 = match reference.form {
        Form::Relative => target.wrapping_sub(site.place).wrapping_sub(reference.bias.into()).into(),
        Form::Absolute => layout.base.wrapping_add(target.into()),
        Form::Fixup => {
            // Where the base's word was relative, the artifact's is.
            let relative = word & FIXUP < layout.base;
            layout.base.wrapping_mul(u64::from(!relative)).wrapping_add(target.into())
        }
        Form::Anchored => target.wrapping_sub(anchor(reference.anchor, site, layout)).into(),
        Form::Branch26 | Form::Branch19 => {
            ((target.wrapping_sub(site.place)).cast_signed() >> 2).cast_unsigned().into()
        }
        Form::Page => (target >> 12).wrapping_sub(site.place >> 12).into(),
        Form::PageOffset => u64::from(target & 0xfff) >> reference.bias,
    };
    scatter(reference.form, word, number)
}

/// The target of a word of the artifact. `page` is what the instruction before says, for [`Form::PageOffset`].
pub(super) fn decode(reference: &Reference, word: u64, page: u32, site: Site, layout: &Layout) -> u32 {
    let signed =
        |bits: u32| ((gather(reference.form, word) as u32) << (32 - bits)).cast_signed() >> (32 - bits);
    let low = word as u32;
    match reference.form {
        Form::Relative => site.place.wrapping_add(reference.bias.into()).wrapping_add(low),
        Form::Absolute => word.wrapping_sub(layout.base) as u32,
        Form::Fixup => fixup_target(word, layout.base) as u32,
        Form::Anchored => anchor(reference.anchor, site, layout).wrapping_add(low),
        Form::Branch26 => site.place.wrapping_add_signed(signed(26) << 2),
        Form::Branch19 => site.place.wrapping_add_signed(signed(19) << 2),
        Form::Page => (site.place & !0xfff).wrapping_add_signed(pages(low) << 12),
        Form::PageOffset => page.wrapping_add((gather(Form::PageOffset, word) as u32) << reference.bias),
    }
}

fn anchor(anchor: Anchor, site: Site, layout: &Layout) -> u32 {
    match anchor {
        Anchor::Region => site.region,
        Anchor::Stated => site.anchor,
        other => anchor_place(other, &layout.go),
    }
}
