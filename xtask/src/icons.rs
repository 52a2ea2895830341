//! `cargo xtask icons`: the pictures of `icons/`, rendered from their drawings. Whoever changes a drawing runs it and commits both.
//!
//! Tray glyphs are drawn black; panels are dark or light, and Linux does not say which. So each becomes white with a dark rim,
//! which reads on both.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::command;
use crate::workspace::Workspace;

/// Points of a tray icon, twice what panels show: they scale down better than up.
const TRAY: u32 = 44;
/// Points of the app's own icon.
const APP: [u32; 3] = [32, 128, 256];

/// The verb.
pub(crate) fn main(workspace: &Workspace) -> Result<bool> {
    let icons = workspace.root.join("icons");
    let scratch = workspace.target.join("icons");
    std::fs::create_dir_all(&scratch).with_context(|| scratch.display().to_string())?;
    for drawing in drawings(&icons.join("tray"))? {
        if !glyph(&drawing, &scratch)? {
            return Ok(false);
        }
    }
    for size in APP {
        let to = icons.join(format!("{size}.png"));
        if !render(&icons.join("app.svg"), size, &to)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn drawings(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut drawings = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    drawings.retain(|path| path.extension().is_some_and(|found| found == "svg"));
    drawings.sort();
    Ok(drawings)
}

/// A picture of a drawing (`rsvg-convert` of librsvg2-bin).
fn render(drawing: &Path, size: u32, to: &Path) -> Result<bool> {
    let size = size.to_string();
    let mut rsvg = Command::new("rsvg-convert");
    command::succeeds(rsvg.args(["-w", &size, "-h", &size]).arg(drawing).arg("-o").arg(to))
}

/// A white glyph on its own dark shadow (`convert` of imagemagick), in layers: black rim below, white shape above.
fn glyph(drawing: &Path, scratch: &Path) -> Result<bool> {
    let at = |name: &str| scratch.join(name).into_os_string();
    let (shape, mask, rim, below, above) =
        (at("shape.png"), at("mask.png"), at("rim.png"), at("below.png"), at("above.png"));
    let square = format!("{TRAY}x{TRAY}");
    let layer = |colour: &str, mask: &std::ffi::OsString, to: &std::ffi::OsString| {
        let mut convert = Command::new("convert");
        convert.args(["-size", &square, colour]).arg(mask);
        convert.args(["-alpha", "off", "-compose", "CopyOpacity", "-composite"]).arg(to);
        command::succeeds(&mut convert)
    };
    let convert = |from: &[&std::ffi::OsString], how: &[&str], to: &std::ffi::OsString| {
        command::succeeds(Command::new("convert").args(from).args(how).arg(to))
    };
    let mut picture = std::ffi::OsString::from("PNG32:");
    picture.push(drawing.with_extension("png"));
    Ok(render(drawing, TRAY, Path::new(&shape))?
        && convert(&[&shape], &["-alpha", "extract"], &mask)?
        && convert(&[&mask], &["-morphology", "Dilate", "Disk:2", "-evaluate", "multiply", "0.7"], &rim)?
        && layer("xc:black", &rim, &below)?
        && layer("xc:white", &mask, &above)?
        && convert(&[&below, &above], &["-compose", "over", "-composite", "-strip"], &picture)?)
}
