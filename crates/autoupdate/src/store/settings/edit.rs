//! Changing one line of the person's file. Everything else in it, comments included, stays as it was written.

use std::path::Path;

use protocol::AppId;
use toml_edit::{DocumentMut, Item, Table, value};

use super::super::lock::Lock;
use super::super::{Error, atomic};
use super::key::{Key, Scope};
use super::parse::{Whose, layer, may_stand, read, wrong};

/// Sets a key, or takes its line away. Nothing is written that could not be read again.
pub(in crate::store) fn set(
    path: &Path,
    app: Option<&AppId>,
    key: Key,
    to: Option<&str>,
) -> Result<(), Error> {
    let _lock = Lock::of(path)?;
    let refused = |why: &str| wrong(path, 1, key.name(), why);
    may_stand(key, if app.is_some() { Scope::Program } else { Scope::General }).map_err(refused)?;
    if let Some(why) = to.and_then(|text| key.refuse(text)) {
        return Err(refused(why));
    }
    let text = read(path)?;
    // Whatever is wrong with the file is told before it is touched.
    layer(path, &text, Whose::Person)?;
    let mut file: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| refused(error.message()))?;
    let table = match app {
        None => Some(file.as_table_mut()),
        Some(app) => below(&mut file, app, to.is_some()),
    };
    match (table, to) {
        (Some(table), Some(text)) => put(table, key, text),
        (Some(table), None) => drop(table.remove(key.name())),
        (None, _) => {}
    }
    let text = file.to_string();
    layer(path, &text, Whose::Person)?;
    atomic::write(path, text.as_bytes())
}

/// The table of a program. Made if `make`.
fn below<'a>(file: &'a mut DocumentMut, app: &AppId, make: bool) -> Option<&'a mut Table> {
    if make {
        let apps = file.entry("app").or_insert_with(|| {
            let mut apps = Table::new();
            // Its own header says nothing.
            apps.set_implicit(true);
            Item::Table(apps)
        });
        let apps = apps.as_table_mut()?;
        return apps.entry(app.as_str()).or_insert_with(|| Item::Table(Table::new())).as_table_mut();
    }
    file.get_mut("app")?.as_table_mut()?.get_mut(app.as_str())?.as_table_mut()
}

fn put(table: &mut Table, key: Key, text: &str) {
    let fresh = match text.parse::<i64>() {
        Ok(number) if key.is_number() => value(number),
        _ => value(text),
    };
    match table.get_mut(key.name()).and_then(Item::as_value_mut) {
        // What stands around the old value, a comment for example, stays.
        Some(old) => {
            let decor = old.decor().clone();
            if let Some(fresh) = fresh.as_value() {
                *old = fresh.clone();
            }
            *old.decor_mut() = decor;
        }
        None => drop(table.insert(key.name(), fresh)),
    }
}
