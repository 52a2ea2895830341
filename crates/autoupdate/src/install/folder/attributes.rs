//! Mode, owner and extended attributes: what the new bytes take over from the old ones.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{Gid, Mode, Uid, XattrFlags};
use rustix::io::Errno;

use super::facts_of;
use crate::error::Phase;
use crate::install::error::{During as _, Error};

/// File capabilities: rights that belong to exactly these bytes.
const CAPABILITIES: &str = "security.capability";

/// Attributes that sign the bytes; wrong on any others.
const OF_THE_BYTES: [&str; 2] = ["security.ima", "security.evm"];

/// What the system says when a file does not have the attribute.
#[cfg(not(target_os = "macos"))]
const NO_ATTRIBUTE: Errno = Errno::NODATA;
#[cfg(target_os = "macos")]
const NO_ATTRIBUTE: Errno = Errno::NOATTR;

/// The longest list of names, and the longest value, that the kernel gives.
const LONGEST: usize = 64 << 10;

/// Whether the file carries capabilities.
pub(in crate::install) fn has_capabilities(file: &File) -> io::Result<bool> {
    Ok(value(file, CAPABILITIES)?.is_some())
}

/// Gives `to` the mode, owner, group and extended attributes of `from`. `path` is the program's, for errors.
///
/// The order matters: changing the owner takes set-id bits away, an access list changes the mode.
pub(in crate::install) fn copy_attributes(from: &File, to: &File, path: &Path) -> Result<(), Error> {
    let (wanted, have) = (
        facts_of(from).during(Phase::Stage, "look at", path)?,
        facts_of(to).during(Phase::Stage, "look at the new bytes of", path)?,
    );
    let failed = |attribute: &str, source| Error::Attribute {
        path: path.to_owned(),
        attribute: attribute.to_owned(),
        source,
    };
    if (wanted.uid, wanted.gid) != (have.uid, have.gid) {
        let (uid, gid) = (Uid::from_raw(wanted.uid), Gid::from_raw(wanted.gid));
        rustix::fs::fchown(to, Some(uid), Some(gid)).map_err(|error| failed("owner", error.into()))?;
    }
    let names = names(from).map_err(|source| failed("extended attributes", source))?;
    for name in self::names(to).map_err(|source| failed("extended attributes", source))? {
        // What the new file got from the system's own policy stays; what it inherited from its folder goes.
        if !names.contains(&name) && !name.starts_with("security.") {
            rustix::fs::fremovexattr(to, name.as_str()).map_err(|error| failed(&name, error.into()))?;
        }
    }
    for name in names.iter().filter(|name| !OF_THE_BYTES.contains(&name.as_str())) {
        let wanted = value(from, name).map_err(|source| failed(name, source))?;
        if let Some(wanted) = wanted
            && value(to, name).map_err(|source| failed(name, source))?.as_ref() != Some(&wanted)
        {
            rustix::fs::fsetxattr(to, name.as_str(), &wanted, XattrFlags::empty())
                .map_err(|error| failed(name, error.into()))?;
        }
    }
    rustix::fs::fchmod(to, Mode::from_raw_mode(wanted.mode as rustix::fs::RawMode))
        .map_err(|error| failed("mode", error.into()))
}

/// The names of a file's extended attributes; none where the file system has no such thing.
fn names(file: &File) -> io::Result<Vec<String>> {
    let mut list = vec![0_u8; LONGEST];
    let length = match rustix::fs::flistxattr(file, &mut list) {
        Ok(length) => length,
        Err(Errno::NOTSUP | Errno::NOSYS) => 0,
        Err(error) => return Err(error.into()),
    };
    list.truncate(length);
    Ok(list
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect())
}

/// The value of an extended attribute, if the file has it.
fn value(file: &File, name: &str) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![0_u8; LONGEST];
    match rustix::fs::fgetxattr(file, name, &mut bytes) {
        Ok(length) => {
            bytes.truncate(length);
            Ok(Some(bytes))
        }
        Err(NO_ATTRIBUTE | Errno::NOTSUP | Errno::NOSYS) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
