//! Text that others wrote, made fit to be shown.

/// A publisher's text without what could make a terminal or a window show other words than it holds: controls (but line breaks
/// and tabs), and marks that turn the direction of text (Unicode Standard Annex 9, section 2).
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars().filter(|c| !turns_direction(*c) && (!c.is_control() || matches!(c, '\n' | '\t'))).collect()
}

fn turns_direction(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_goes_and_words_stay() {
        for (text, expected) in [
            ("Grüße, 你好, שלום, e\u{301} \u{1f642}", "Grüße, 你好, שלום, e\u{301} \u{1f642}"),
            ("one\n\ttwo\n", "one\n\ttwo\n"),
            ("\u{1b}[2Jgone\u{7}\r\u{9b}1m\u{0}", "[2Jgone1m"),
            ("evil\u{202e}txt.exe\u{2069}\u{200f}\u{61c}", "eviltxt.exe"),
            ("", ""),
        ] {
            assert_eq!(plain(text), expected, "{text:?}");
        }
    }
}
