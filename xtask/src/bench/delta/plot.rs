//! The picture: each pair a line, each tool a mark on it, at the size of its patch in times bsdiff's.

use std::fmt::Write as _;

use super::figures::{Row, ratio};
use super::goals::OURS;
use super::rivals::{BSDIFF, HDIFFZ, XDELTA, ZSTD, ZUCCHINI};

/// The tools that are drawn, each with its colour, which stands out on white and on black.
const DRAWN: &[(&str, &str)] = &[
    (OURS, "#e5484d"),
    (ZUCCHINI, "#8e4ec6"),
    (HDIFFZ, "#2f88e0"),
    (BSDIFF, "#8b8d98"),
    (ZSTD, "#2b9a66"),
    (XDELTA, "#d97706"),
];

/// Lengths in pixels: the whole picture, what names of pairs take, the height of a line and of what is above them.
const WIDTH: f64 = 960.0;
const NAMES: f64 = 300.0;
const MARGIN: f64 = 24.0;
const LINE: f64 = 30.0;
const HEAD: f64 = 72.0;
const RADIUS: f64 = 6.0;

/// Where the axis begins and ends, and what is written on it, in times bsdiff's size.
const FROM: f64 = 0.2;
const TO: f64 = 6.4;
const TICKS: &[f64] = &[0.25, 0.5, 1.0, 2.0, 4.0];

const STYLE: &str = "text{font:14px system-ui,sans-serif;fill:#1c2024}.axis{stroke:#b9bbc6}.one{stroke:#60646c}\
    .quiet{fill:#60646c}@media(prefers-color-scheme:dark){text{fill:#edeef0}.axis{stroke:#43484e}.one{stroke:#b0b4ba}\
    .quiet{fill:#b0b4ba}}";

/// The picture as SVG. A pair without bsdiff's figure has a line and no marks.
pub(super) fn draw(rows: &[&Row]) -> String {
    let height = HEAD + LINE * rows.len() as f64 + MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"Sizes of patches in times bsdiff's\">\n<style>{STYLE}</style>\n"
    );
    legend(&mut svg);
    for tick in TICKS {
        let (x, class) = (place(*tick), if (tick - 1.0).abs() < 1e-9 { "one" } else { "axis" });
        let (top, bottom) = (HEAD - 8.0, height - MARGIN);
        add(&mut svg, format_args!("<path class=\"{class}\" d=\"M{x:.1} {top}V{bottom}\"/>"));
        add(
            &mut svg,
            format_args!(
                "<text class=\"quiet\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{}\">{tick}×</text>",
                HEAD - 14.0
            ),
        );
    }
    for (number, row) in rows.iter().enumerate() {
        let y = HEAD + LINE * (number as f64 + 0.5);
        let (end, words) = (NAMES - 16.0, escaped(&row.pair.label.replace(':', " ")));
        add(&mut svg, format_args!("<text text-anchor=\"end\" x=\"{end}\" y=\"{}\">{words}</text>", y + 5.0));
        add(
            &mut svg,
            format_args!(
                "<path class=\"axis\" d=\"M{NAMES} {y}H{}\" stroke-dasharray=\"2 4\"/>",
                WIDTH - MARGIN
            ),
        );
        // Ours last, so that nothing lies on it.
        for (tool, colour) in DRAWN.iter().rev() {
            let (Some(patch), Some(unit)) = (row.patch(tool), row.patch(BSDIFF)) else { continue };
            let times = ratio(patch, unit);
            mark(
                &mut svg,
                *tool == OURS,
                place(times),
                y,
                colour,
                &format!("{tool}: {times:.2}×, {patch} bytes"),
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn legend(svg: &mut String) {
    let mut x = NAMES;
    for (tool, colour) in DRAWN {
        mark(svg, *tool == OURS, x + RADIUS, 20.0, colour, tool);
        add(svg, format_args!("<text x=\"{}\" y=\"25\">{tool}</text>", x + 18.0));
        x += 40.0 + 8.2 * tool.len() as f64;
    }
    add(
        svg,
        format_args!(
            "<text class=\"quiet\" text-anchor=\"end\" x=\"{}\" y=\"25\">size, bsdiff = 1</text>",
            NAMES - 16.0
        ),
    );
}

/// A dot; ours is a larger diamond.
fn mark(svg: &mut String, ours: bool, x: f64, y: f64, colour: &str, words: &str) {
    let words = escaped(words);
    if ours {
        let r = RADIUS + 2.0;
        add(
            svg,
            format_args!(
                "<path fill=\"{colour}\" d=\"M{:.1} {y}l{r} {r} {r} -{r} -{r} -{r}z\"><title>{words}</title></path>",
                x - r
            ),
        );
    } else {
        add(
            svg,
            format_args!(
                "<circle fill=\"{colour}\" cx=\"{x:.1}\" cy=\"{y}\" r=\"{RADIUS}\"><title>{words}</title></circle>"
            ),
        );
    }
}

/// Where on the axis a ratio is: equal ratios are equal distances. What is beyond an end stands at it.
fn place(times: f64) -> f64 {
    let share = (times.clamp(FROM, TO) / FROM).ln() / (TO / FROM).ln();
    NAMES + share * (WIDTH - MARGIN - NAMES)
}

fn add(svg: &mut String, element: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(svg, "{element}");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::figures::tests::row;
    use super::*;
    use crate::corpus::Language;

    #[test]
    fn equal_ratios_are_equal_distances() {
        assert!((place(1.0) - place(0.5) - (place(4.0) - place(2.0))).abs() < 1e-9);
        assert!((place(100.0) - (WIDTH - MARGIN)).abs() < 1e-9);
        assert!((place(0.0) - NAMES).abs() < 1e-9);
    }

    #[test]
    fn every_tool_that_was_measured_has_a_mark() {
        let row = row(1, Language::Go, &[(OURS, 50, 1), (BSDIFF, 100, 1), (ZSTD, 200, 1)]);
        let svg = draw(&[&row]);
        for words in ["ours: 0.50×, 50 bytes", "bsdiff: 1.00×, 100 bytes", "zstd: 2.00×, 200 bytes"] {
            assert_eq!(svg.matches(&format!("<title>{words}</title>")).count(), 1, "{words}");
        }
        assert_eq!(svg.matches("<title>Zucchini").count(), 1, "in the legend alone");
    }
}
