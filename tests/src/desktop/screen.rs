//! What a person sees on the display, and does with the pointer.

use anyhow::{Context, Result, ensure};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ChangeWindowAttributesAux, ConnectionExt as _, ImageFormat,
    MOTION_NOTIFY_EVENT,
};
use x11rb::protocol::xtest::ConnectionExt as _;

use super::display::{Display, titled};

/// A part of the display, in pixels from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// From the left.
    pub x: i16,
    /// From above.
    pub y: i16,
    /// To the right.
    pub width: u16,
    /// Downwards.
    pub height: u16,
}

impl Area {
    /// The whole display.
    pub const ALL: Self = Self { x: 0, y: 0, width: 1024, height: 768 };
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Picture {
    width: u16,
    height: u16,
    /// Red, green and blue of each, line by line from above.
    pixels: Vec<u8>,
}

impl Picture {
    /// In the PNG format.
    ///
    /// # Errors
    /// If there is nothing in it.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        let mut png = Vec::new();
        let mut encoder = png::Encoder::new(&mut png, self.width.into(), self.height.into());
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        encoder.write_header()?.write_image_data(&self.pixels)?;
        Ok(png)
    }
}

impl Display {
    /// Paints the background in this colour (0xRRGGBB).
    pub(super) fn paint(&self, colour: u32) -> Result<()> {
        let (display, screen) = self.connect()?;
        let root = display.setup().roots.get(screen).context("the display's screen")?.root;
        let background = ChangeWindowAttributesAux::new().background_pixel(colour);
        display.change_window_attributes(root, &background)?.check()?;
        Ok(display.clear_area(false, root, 0, 0, 0, 0)?.check()?)
    }

    pub(super) fn place(&self, title: &str) -> Result<Area> {
        let (display, screen) = self.connect()?;
        let window = *titled(&display, screen, title)?.first().context("no such window")?;
        let found = display.get_geometry(window)?.reply()?;
        Ok(Area { x: found.x, y: found.y, width: found.width, height: found.height })
    }

    pub(super) fn picture(&self, area: Area) -> Result<Picture> {
        let (display, screen) = self.connect()?;
        let root = display.setup().roots.get(screen).context("the display's screen")?.root;
        let Area { x, y, width, height } = area;
        let seen = display.get_image(ImageFormat::Z_PIXMAP, root, x, y, width, height, u32::MAX)?.reply()?;
        // Four bytes for every pixel: blue, green, red, and one that says nothing.
        let (pixels, rest) = seen.data.as_chunks::<4>();
        ensure!(pixels.len() == usize::from(width) * usize::from(height) && rest.is_empty(), "{area:?}");
        let pixels = pixels.iter().flat_map(|[blue, green, red, _]| [*red, *green, *blue]).collect();
        Ok(Picture { width, height, pixels })
    }

    pub(super) fn click(&self, x: i16, y: i16) -> Result<()> {
        let (display, screen) = self.connect()?;
        let root = display.setup().roots.get(screen).context("the display's screen")?.root;
        for (event, button) in [(MOTION_NOTIFY_EVENT, 0), (BUTTON_PRESS_EVENT, 1), (BUTTON_RELEASE_EVENT, 1)]
        {
            display.xtest_fake_input(event, button, 0, root, x, y, 0)?.check()?;
        }
        Ok(())
    }
}
