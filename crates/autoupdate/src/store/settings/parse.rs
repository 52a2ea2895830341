//! From a file to its values. A file that a person wrote is never set aside behind their back: what is wrong is told, with its line.

use std::path::Path;

use protocol::AppId;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::{Error, atomic};
use super::key::{Key, Scope};
use super::{Layer, Settings};

/// The longest settings file that is read, in bytes.
const MAX_BYTES: u64 = 64 << 10;
/// The table with a table for each program.
const APPS: &str = "app";

impl Settings {
    /// Reads both files; a missing one sets nothing.
    pub(in crate::store) fn load(administrator: &Path, person: &Path) -> Result<Self, Error> {
        Ok(Self {
            administrator: layer(administrator, &read(administrator)?, Whose::Administrator)?,
            person: layer(person, &read(person)?, Whose::Person)?,
        })
    }
}

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Administrator,
    Person,
}

/// The text of a file; that of a missing one is empty.
pub(super) fn read(path: &Path) -> Result<String, Error> {
    // The length is looked at here, because `atomic` sets longer files aside.
    let bytes = match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(Error::read(path, error)),
        Ok(metadata) if metadata.len() > MAX_BYTES => {
            return Err(wrong(path, 1, "", "the file is longer than 64 KiB"));
        }
        Ok(_) => atomic::read(path, MAX_BYTES)?.unwrap_or_default(),
    };
    String::from_utf8(bytes).map_err(|_| wrong(path, 1, "", "the file is not UTF-8"))
}

/// What a file's text says.
pub(super) fn layer(path: &Path, text: &str, whose: Whose) -> Result<Layer, Error> {
    let line = |at| line_of(text, at);
    let table = DeTable::parse(text)
        .map_err(|error| wrong(path, line(error.span().map_or(0, |span| span.start)), "", error.message()))?;
    let mut layer = Layer { file: path.to_path_buf(), ..Layer::default() };
    for (name, value) in table.get_ref() {
        let at = line(name.span().start);
        if name.get_ref().as_ref() != APPS {
            let key = key(name.get_ref(), Scope::General, whose)
                .map_err(|why| wrong(path, at, name.get_ref(), why))?;
            let value = value_of(key, value).map_err(|why| wrong(path, at, name.get_ref(), why))?;
            layer.values.insert((None, key), (value, at));
            continue;
        }
        let DeValue::Table(apps) = value.get_ref() else {
            return Err(wrong(
                path,
                at,
                APPS,
                "it must hold a table for each program, such as [app.lantern]",
            ));
        };
        for (app, values) in apps {
            let at = line(app.span().start);
            let full = format!("{APPS}.{}", app.get_ref());
            let id = AppId::parse(app.get_ref())
                .map_err(|_| wrong(path, at, &full, "it is no id of a program"))?;
            let DeValue::Table(values) = values.get_ref() else {
                return Err(wrong(path, at, &full, "it must be a table"));
            };
            for (name, value) in values {
                let at = line(name.span().start);
                let full = format!("{full}.{}", name.get_ref());
                let key =
                    key(name.get_ref(), Scope::Program, whose).map_err(|why| wrong(path, at, &full, why))?;
                let value = value_of(key, value).map_err(|why| wrong(path, at, &full, why))?;
                layer.values.insert((Some(id.clone()), key), (value, at));
            }
        }
    }
    exceptions_need_a_url(&layer)?;
    Ok(layer)
}

fn key(name: &str, at: Scope, whose: Whose) -> Result<Key, &'static str> {
    let key = Key::named(name).ok_or("there is no such setting")?;
    may_stand(key, at)?;
    if key.is_administrators() && whose == Whose::Person {
        return Err("only the administrator can set it");
    }
    Ok(key)
}

/// Whether a key may stand at the top ([`Scope::General`]) or below a program ([`Scope::Program`]).
pub(super) fn may_stand(key: Key, at: Scope) -> Result<(), &'static str> {
    match (key.scope(), at) {
        (Scope::General, Scope::Program) => Err("it is about the updater and no program: set it at the top"),
        (Scope::Program, Scope::General) => {
            Err("it is about one program: set it in its table, such as [app.lantern]")
        }
        _ => Ok(()),
    }
}

/// A value as text: a number in digits, a list with spaces between.
fn value_of(key: Key, value: &Spanned<DeValue<'_>>) -> Result<String, &'static str> {
    let text = match value.get_ref() {
        DeValue::String(text) if !key.is_number() && key != Key::Sources => text.to_string(),
        DeValue::Integer(number) if key.is_number() => {
            // One that is too large or negative breaks the key's own rule.
            u64::from_str_radix(number.as_str(), number.radix())
                .map(|number| number.to_string())
                .unwrap_or_default()
        }
        DeValue::Array(items) if key == Key::Sources => {
            let texts = items.iter().map(|item| match item.get_ref() {
                DeValue::String(text) if !text.contains(char::is_whitespace) => Ok(text.as_ref()),
                _ => Err("it must be a list of 1 to 8 https:// URLs"),
            });
            texts.collect::<Result<Vec<_>, _>>()?.join(" ")
        }
        _ if key == Key::Sources => return Err("it must be a list of 1 to 8 https:// URLs"),
        _ if key.is_number() => String::new(),
        _ => return Err("it must be a text"),
    };
    key.refuse(&text).map_or(Ok(text), Err)
}

fn exceptions_need_a_url(layer: &Layer) -> Result<(), Error> {
    let Some((_, line)) = layer.values.get(&(None, Key::NoProxy)) else { return Ok(()) };
    let proxy = layer.values.get(&(None, Key::Proxy)).map(|(text, _)| text.as_str());
    match proxy {
        Some("system" | "off") | None => Err(wrong(
            &layer.file,
            *line,
            Key::NoProxy.name(),
            "it needs `proxy` to be a URL; with \"system\" set NO_PROXY",
        )),
        Some(_) => Ok(()),
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

pub(super) fn wrong(path: &Path, line: usize, key: &str, why: &str) -> Error {
    Error::Setting { path: path.to_path_buf(), line, key: key.to_owned(), why: why.to_owned() }
}
