//! What a person or administrator set, parsed once. Every value knows where it came from.
//!
//! Both files are TOML with the same keys, all optional; the administrator's file wins over the person's.
//!
//! ```toml
//! proxy = "system"            # or "off", or a URL
//! no_proxy = ".corp.example"  # hosts that a proxy URL is not used for
//! check_every = "4h"          # between background checks, 15 minutes to 7 days
//! patch_memory_mib = 128      # a patch that needs more is not taken, 16 to 4096
//! ```

use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Error, atomic};
use crate::fetch::{Proxy, ProxyUrl};

/// The longest settings file that is read, in bytes.
const MAX_BYTES: u64 = 64 << 10;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A line of the person's file.
    Person {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// A line of the administrator's file.
    Administrator {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
}

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Who set it.
    pub origin: Origin,
}

impl<T> Sourced<T> {
    fn default(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }
}

/// The effective settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The proxy of all requests.
    pub proxy: Sourced<Proxy>,
    /// Time between background checks.
    pub check_every: Sourced<Duration>,
    /// The most memory that applying a patch may need, in bytes.
    pub patch_memory: Sourced<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            proxy: Sourced::default(Proxy::System),
            check_every: Sourced::default(Duration::from_secs(4 * 3600)),
            patch_memory: Sourced::default(128 << 20),
        }
    }
}

impl Settings {
    /// Reads both files; a missing one sets nothing.
    pub(super) fn load(machine: &Path, person: &Path) -> Result<Self, Error> {
        let mut settings = Self::default();
        // In rising order: what comes later wins.
        settings.take(person, |file, line| Origin::Person { file, line })?;
        settings.take(machine, |file, line| Origin::Administrator { file, line })?;
        Ok(settings)
    }

    fn take(&mut self, path: &Path, origin: impl Fn(PathBuf, usize) -> Origin) -> Result<(), Error> {
        // Read here and not by `atomic`: a file that a person wrote is never set aside behind their back.
        let text = match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::read(path, error)),
            Ok(metadata) if metadata.len() > MAX_BYTES => {
                return Err(wrong(path, 1, "", "the file is longer than 64 KiB"));
            }
            Ok(_) => atomic::read(path, MAX_BYTES)?.unwrap_or_default(),
        };
        let text = String::from_utf8(text).map_err(|_| wrong(path, 1, "", "the file is not UTF-8"))?;
        let table = DeTable::parse(&text).map_err(|error| {
            wrong(path, line_of(&text, error.span().map_or(0, |span| span.start)), "", error.message())
        })?;
        let mut except: Option<(usize, String)> = None;
        for (key, value) in table.get_ref() {
            let line = line_of(&text, key.span().start);
            let name: &str = key.get_ref();
            let bad = |why: &str| wrong(path, line, name, why);
            let from = || origin(path.to_path_buf(), line);
            match name {
                "proxy" => {
                    let value = match string(value).ok_or_else(|| bad("it must be a text"))? {
                        "system" => Proxy::System,
                        "off" => Proxy::Off,
                        url => Proxy::Set {
                            url: ProxyUrl::parse(url).map_err(|_| {
                                bad("it must be \"system\", \"off\" or an http:// or https:// URL")
                            })?,
                            except: String::new(),
                        },
                    };
                    self.proxy = Sourced { value, origin: from() };
                }
                "no_proxy" => {
                    except = Some((line, string(value).ok_or_else(|| bad("it must be a text"))?.to_owned()));
                }
                "check_every" => {
                    let time = string(value)
                        .and_then(|text| text.parse::<jiff::SignedDuration>().ok())
                        .and_then(|time| Duration::try_from(time).ok())
                        .filter(|time| (900..=7 * 24 * 3600).contains(&time.as_secs()))
                        .ok_or_else(|| bad("it must be a time from \"15m\" to \"168h\""))?;
                    self.check_every = Sourced { value: time, origin: from() };
                }
                "patch_memory_mib" => {
                    let mib = integer(value)
                        .filter(|mib| (16..=4096).contains(mib))
                        .ok_or_else(|| bad("it must be a number from 16 to 4096"))?;
                    self.patch_memory = Sourced { value: mib << 20, origin: from() };
                }
                _ => return Err(bad("there is no such setting")),
            }
        }
        match (except, &mut self.proxy.value) {
            (Some((_, list)), Proxy::Set { except, .. }) => *except = list,
            (Some((line, _)), _) => {
                return Err(wrong(
                    path,
                    line,
                    "no_proxy",
                    "it needs `proxy` to be a URL; with \"system\" set NO_PROXY",
                ));
            }
            (None, _) => {}
        }
        Ok(())
    }
}

fn string<'a>(value: &'a Spanned<DeValue<'_>>) -> Option<&'a str> {
    match value.get_ref() {
        DeValue::String(text) => Some(text),
        _ => None,
    }
}

fn integer(value: &Spanned<DeValue<'_>>) -> Option<u64> {
    match value.get_ref() {
        DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
        _ => None,
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

fn wrong(path: &Path, line: usize, key: &str, why: &str) -> Error {
    Error::Setting { path: path.to_path_buf(), line, key: key.to_owned(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn load(machine: Option<&str>, person: Option<&str>) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = |name, text: Option<&str>| {
            let path = folder.path().join(name);
            if let Some(text) = text {
                fs::write(&path, text).unwrap();
            }
            path
        };
        let (machine, person) = (file("machine.toml", machine), file("person.toml", person));
        let result = Settings::load(&machine, &person);
        result.map_err(|error| {
            error.to_string().replace(folder.path().to_str().unwrap(), "").replace('\\', "/")
        })
    }

    #[test]
    fn the_administrator_wins_and_every_value_knows_its_line() {
        let settings =
            load(Some("\ncheck_every = \"1h\"\n"), Some("check_every = \"8h\"\npatch_memory_mib = 64\n"))
                .unwrap();
        assert_eq!(settings.check_every.value, Duration::from_secs(3600));
        assert!(matches!(&settings.check_every.origin, Origin::Administrator { line: 2, .. }));
        assert_eq!(settings.patch_memory.value, 64 << 20);
        assert!(matches!(&settings.patch_memory.origin, Origin::Person { line: 2, .. }));
        assert_eq!(settings.proxy, Sourced::default(Proxy::System));
        assert_eq!(load(None, None), Ok(Settings::default()));
    }

    #[test]
    fn a_proxy_and_its_exceptions() {
        let settings =
            load(None, Some("proxy = \"http://u:secret@p.corp:3128\"\nno_proxy = \".corp\"")).unwrap();
        let Proxy::Set { url, except } = &settings.proxy.value else { panic!("{settings:?}") };
        assert_eq!((url.to_string().as_str(), except.as_str()), ("http://p.corp:3128/", ".corp"));
        assert!(!format!("{settings:?}").contains("secret"));
    }

    #[test]
    fn the_golden_file_of_the_first_settings_is_read() {
        let settings = load(None, Some(include_str!("../../fixtures/v1/settings.toml"))).unwrap();
        let Proxy::Set { url, except } = &settings.proxy.value else { panic!("{settings:?}") };
        assert_eq!(
            (url.to_string().as_str(), except.as_str()),
            ("http://proxy.example.org:3128/", ".example.org")
        );
        assert_eq!(settings.check_every.value, Duration::from_secs(4 * 3600));
        assert_eq!(settings.patch_memory.value, 64 << 20);
    }

    #[test]
    fn errors_name_file_line_and_key() {
        for (text, expected) in [
            ("\nproxi = \"off\"", "/person.toml:2: key `proxi`: there is no such setting"),
            ("proxy = 7", "/person.toml:1: key `proxy`: it must be a text"),
            (
                "proxy = \"socks5://x\"",
                "/person.toml:1: key `proxy`: it must be \"system\", \"off\" or an http:// or https:// URL",
            ),
            (
                "\n\ncheck_every = \"1s\"",
                "/person.toml:3: key `check_every`: it must be a time from \"15m\" to \"168h\"",
            ),
            (
                "patch_memory_mib = -1",
                "/person.toml:1: key `patch_memory_mib`: it must be a number from 16 to 4096",
            ),
            (
                "no_proxy = \"x\"",
                "/person.toml:1: key `no_proxy`: it needs `proxy` to be a URL; with \"system\" set NO_PROXY",
            ),
        ] {
            assert_eq!(load(None, Some(text)), Err(expected.to_owned()));
        }
        let broken = load(None, Some("proxy = \"off\"\nproxy")).unwrap_err();
        assert!(broken.starts_with("/person.toml:2: key ``: "), "{broken}");
    }
}
