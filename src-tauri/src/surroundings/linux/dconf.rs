//! One setting of GNOME, from where dconf keeps it.
//!
//! The file is a hash table of GLib (`gvdb`): a header, then the place of the table; in the table the numbers of words and of
//! buckets, both lists, and then the items. An item names its parent and the rest of its own key, and says where its value lies. All
//! numbers have 32 bits and the machine's byte order; only the little one is read here. A key that is not in the file has its default.
//!
//! What an administrator sets for all users of a machine lies in other files, and is not seen.

use std::io;

use futures_util::stream::{self, Stream};
use tokio::io::AsyncReadExt as _;
use zbus::message::Type;
use zbus::{Connection, MatchRule, Message};

use super::watched::signals;

const FOLDER: &str = "/org/gnome/desktop/notifications/";
const KEY: &str = "/org/gnome/desktop/notifications/show-banners";
const WRITER: &str = "ca.desrt.dconf.Writer";
const WRITER_PATH: &str = "/ca/desrt/dconf/Writer/user";
/// The longest file that is read, in bytes. Of real people it has some ten thousand.
const MAX_BYTES: u64 = 4 << 20;

/// Every write of the setting, alone or with all that lie in its folder.
pub(super) async fn writes(bus: &Connection) -> zbus::Result<impl Stream<Item = zbus::Result<Message>>> {
    let rule = |written| {
        let rule = MatchRule::builder().msg_type(Type::Signal).path(WRITER_PATH);
        rule.interface(WRITER).member("Notify").arg(0, written).build()
    };
    Ok(stream::select(signals(bus, rule(KEY)?).await?, signals(bus, rule(FOLDER)?).await?))
}

/// Whether notifications are shown.
pub(super) async fn shows_banners() -> Option<bool> {
    let file = match read().await {
        Ok(file) => file,
        // Nobody has changed any setting yet.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Some(true),
        Err(error) => {
            tracing::debug!(%error, "the settings of the desktop cannot be read");
            return None;
        }
    };
    flag(&file, KEY, true)
}

async fn read() -> io::Result<Vec<u8>> {
    let folders = directories::BaseDirs::new().ok_or(io::ErrorKind::Unsupported)?;
    let file = tokio::fs::File::open(folders.config_dir().join("dconf/user")).await?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// An item of the table.
struct Item<'f> {
    parent: usize,
    /// The last part of its key; the rest is its parent's.
    key: &'f [u8],
    kind: u8,
    value: &'f [u8],
}

/// The value of a key that is a yes or a no. `None`: that cannot be told from this file.
fn flag(file: &[u8], key: &str, default: bool) -> Option<bool> {
    let items = items(file)?;
    let found = (0..items.len()).find(|index| is(&items, *index, key));
    match found.and_then(|index| items.get(index)) {
        None => Some(default),
        // A value, of any type: its bytes, a zero, the type.
        Some(Item { kind: b'v', value: [value @ (0 | 1), 0, b'b'], .. }) => Some(*value == 1),
        Some(_) => None,
    }
}

/// Whether an item, its parent and theirs make this key.
fn is(items: &[Item<'_>], mut index: usize, key: &str) -> bool {
    let mut rest = key.as_bytes();
    // As many steps as the key has letters; in a damaged file parents can go round in circles.
    for _ in key.bytes() {
        let Some(item) = items.get(index) else { return false };
        let Some(before) = rest.strip_suffix(item.key) else { return false };
        (rest, index) = (before, item.parent);
        if rest.is_empty() {
            // What has no parent begins all keys.
            return items.get(index).is_none();
        }
    }
    false
}

/// Everything that is in the table.
fn items(file: &[u8]) -> Option<Vec<Item<'_>>> {
    const ITEM: usize = 24;
    // The upper bits say how the words are used to look a key up quickly, which is not done here.
    const WORDS: usize = (1 << 27) - 1;
    if !file.starts_with(b"GVariant") || number(file, 8)? != 0 {
        return None;
    }
    let table = file.get(number(file, 16)?..number(file, 20)?)?;
    let lists = (number(table, 0)? & WORDS).checked_add(number(table, 4)?)?.checked_mul(4)?;
    let items = table.get(lists.checked_add(8)?..)?.chunks_exact(ITEM);
    items.map(|bytes| item(file, bytes)).collect()
}

fn item<'f>(file: &'f [u8], bytes: &[u8]) -> Option<Item<'f>> {
    let key = number(bytes, 8)?;
    let length = u16::from_le_bytes(bytes.get(12..14)?.try_into().ok()?);
    Some(Item {
        parent: number(bytes, 4)?,
        key: file.get(key..key.checked_add(length.into())?)?,
        kind: *bytes.get(14)?,
        value: file.get(number(bytes, 16)?..number(bytes, 20)?)?,
    })
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let found = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(found)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFF: &[u8] = include_bytes!("../../../fixtures/dconf/banners-off");
    const ON: &[u8] = include_bytes!("../../../fixtures/dconf/banners-on");
    const UNSET: &[u8] = include_bytes!("../../../fixtures/dconf/unset");

    #[test]
    fn what_dconf_wrote_is_read() {
        assert_eq!(flag(OFF, KEY, true), Some(false));
        assert_eq!(flag(ON, KEY, true), Some(true));
        assert_eq!(flag(ON, KEY, false), Some(true));
        assert_eq!(flag(UNSET, KEY, true), Some(true));
        assert_eq!(flag(OFF, "/org/gnome/desktop/interface/clock-show-seconds", false), Some(true));
        // A folder is no value; a part of a key is no key.
        assert_eq!(flag(OFF, FOLDER, true), None);
        assert_eq!(flag(OFF, "show-banners", true), Some(true));
    }

    #[test]
    fn no_damage_is_more_than_an_answer() {
        for length in 0..OFF.len() {
            assert_eq!(flag(&OFF[..length], KEY, true), None, "{length}");
        }
        for at in 0..OFF.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut file = OFF.to_vec();
                file[at] = value;
                let _any = flag(&file, KEY, true);
            }
        }
    }
}
