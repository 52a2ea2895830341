//! Values of options that are pairs or shares, parsed at the edge.

use std::path::PathBuf;
use std::time::Duration;

use protocol::{BasisPoints, Language, Os, OsPin, Version};

/// `LANGUAGE=FILE`.
pub(crate) fn notes(text: &str) -> Result<(Language, PathBuf), String> {
    let (language, file) = pair(text, "LANGUAGE=FILE, for example en=notes.md")?;
    Ok((Language::parse(language).map_err(|error| error.to_string())?, PathBuf::from(file)))
}

/// `ROLE=FILE`, `ROLE=KEYID`, `ROLE=NUMBER`.
pub(crate) fn of_role(text: &str) -> Result<(String, String), String> {
    let (role, value) = pair(text, "ROLE=VALUE, for example root=holder.pub.pem")?;
    Ok((role.to_owned(), value.to_owned()))
}

/// `ROLE=DURATION`.
pub(crate) fn validity(text: &str) -> Result<(String, Duration), String> {
    let (role, life) = pair(text, "ROLE=DURATION, for example timestamp=30d")?;
    let life = humantime::parse_duration(life).map_err(|error| error.to_string())?;
    if life < Duration::from_secs(3) {
        return Err("it must be at least 3 seconds".to_owned());
    }
    if !signing::Validity::default().set(role, life) {
        return Err(format!("{role:?} is no role: root, targets, ingest, rollout, snapshot, timestamp"));
    }
    Ok((role.to_owned(), life))
}

/// `5%`, `0.5%`, `100%` or basis points such as `500`.
pub(crate) fn share(text: &str) -> Result<BasisPoints, String> {
    let wrong = || "it must be a share such as 5%, 0.25% or 500 (of 10000)".to_owned();
    let points = match text.strip_suffix('%') {
        None if text.bytes().all(|b| b.is_ascii_digit()) => text.parse::<u16>().map_err(|_| wrong())?,
        None => return Err(wrong()),
        Some(percent) => {
            // Digits and not a float: 0.29 % must be 29 of 10,000 on every machine.
            let (whole, part) = percent.split_once('.').unwrap_or((percent, ""));
            if whole.is_empty()
                || part.len() > 2
                || !(whole.to_owned() + part).bytes().all(|b| b.is_ascii_digit())
            {
                return Err(wrong());
            }
            format!("{whole}{part:0<2}").parse().map_err(|_| wrong())?
        }
    };
    BasisPoints::new(points).map_err(|error| error.to_string())
}

/// `OS:BELOW=VERSION`.
pub(crate) fn pin(text: &str) -> Result<OsPin, String> {
    let form = "OS:BELOW=VERSION, for example macos:11.0=7.1.0";
    let (system, version) = pair(text, form)?;
    let (os, below) = system.split_once(':').ok_or_else(|| format!("it must be {form}"))?;
    Ok(OsPin {
        os: Os::parse(os).map_err(|error| error.to_string())?,
        below: below.to_owned(),
        version: Version::parse(version).map_err(|error| error.to_string())?,
    })
}

fn pair<'t>(text: &'t str, form: &str) -> Result<(&'t str, &'t str), String> {
    match text.split_once('=') {
        Some((left, right)) if !left.is_empty() && !right.is_empty() => Ok((left, right)),
        _ => Err(format!("it must be {form}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares() {
        let check = |text: &str, expected: Option<u16>| {
            assert_eq!(share(text).ok().map(BasisPoints::get), expected, "{text}");
        };
        check("5%", Some(500));
        check("0.29%", Some(29));
        check("12.5%", Some(1250));
        check("100%", Some(10_000));
        check("0%", Some(0));
        check("500", Some(500));
        for bad in ["100.01%", "101%", "10001", "-1%", "+5%", "0.001%", "%", "1e2%", "five", ""] {
            check(bad, None);
        }
    }

    #[test]
    fn pairs() {
        assert!(notes("en=notes.md").is_ok() && notes("notes.md").is_err() && notes("EN=x").is_err());
        assert!(
            validity("timestamp=30d").is_ok()
                && validity("stamp=30d").is_err()
                && validity("root=1s").is_err()
        );
        assert!(pin("macos:11.0=7.1.0").is_ok() && pin("macos=7.1.0").is_err());
        assert_eq!(of_role("root=a=b"), Ok(("root".to_owned(), "a=b".to_owned())));
    }
}
