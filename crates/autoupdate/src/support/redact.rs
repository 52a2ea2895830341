//! Taking out of a text what is nobody's business.

/// What stands for a name and password in a URL.
const MASK: &str = "***";

/// Knows what to take out.
#[derive(Debug)]
pub(super) struct Redactor {
    /// The home folder.
    home: Option<String>,
    /// The person's name on this machine.
    name: Option<String>,
}

impl Redactor {
    /// For whoever runs this.
    pub(super) fn of_this_person() -> Self {
        let home = std::env::home_dir().map(|home| home.display().to_string()).filter(|home| home.len() > 1);
        // That of root is everybody's.
        let name = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
        Self { home, name: name.filter(|name| name.len() > 1 && name != "root") }
    }

    /// The text without it.
    pub(super) fn redact(&self, text: &str) -> String {
        let mut text = without_credentials(text);
        if let Some(home) = &self.home {
            text = text.replace(home.as_str(), "~");
        }
        match &self.name {
            Some(name) => without_word(&text, name),
            None => text,
        }
    }
}

/// Masks what stands between `://` and `@` (RFC 3986, section 3.2.1, userinfo).
fn without_credentials(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        clean.push_str(before);
        let ends = |letter: char| {
            letter.is_whitespace()
                || letter.is_control()
                || matches!(letter, '/' | '?' | '#' | '"' | '<' | '>' | '`')
        };
        let authority = after.get(..after.find(ends).unwrap_or(after.len())).unwrap_or_default();
        rest = after;
        if let Some(end) = authority.rfind('@') {
            clean.push_str(MASK);
            rest = after.get(end..).unwrap_or_default();
        }
    }
    clean.push_str(rest);
    clean
}

/// Masks a word where it stands alone.
fn without_word(text: &str, word: &str) -> String {
    let inside =
        |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, found) = rest.split_at(at);
        let after = found.get(word.len()..).unwrap_or_default();
        clean.push_str(before);
        let alone = !inside(clean.chars().next_back()) && !inside(after.chars().next());
        clean.push_str(if alone { MASK } else { word });
        rest = after;
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobodys_business_goes_and_the_rest_stays() {
        let redactor = Redactor { home: Some("/home/ada".to_owned()), name: Some("ada".to_owned()) };
        let check = |text: &str, expected: &str| assert_eq!(redactor.redact(text), expected);
        check("proxy = \"http://me:p@ss:w@proxy:3128/x\"", "proxy = \"http://***@proxy:3128/x\"");
        check(
            "https://updates.example.org/@x, then mail@example.org",
            "https://updates.example.org/@x, then mail@example.org",
        );
        check("two: http://a:b@c http://d@e", "two: http://***@c http://***@e");
        check("ends in http://user:secret@", "ends in http://***@");
        check("/home/ada/.config of ada, not of adam or _ada", "~/.config of ***, not of adam or _ada");
        check("adaada ada", "adaada ***");
        check("", "");
    }
}
