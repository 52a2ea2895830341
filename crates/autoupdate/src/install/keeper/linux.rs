//! What Linux says: the lists of dpkg, the answer of rpm, the table of mounts (proc(5), `/proc/PID/mountinfo`).

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::Facts;
use crate::platform::wait_child;

/// One file per package: the paths in it, one per line.
const DPKG: &str = "/var/lib/dpkg/info";
/// Where rpm keeps what is installed. Without it there is nothing to ask.
const RPM: [&str; 2] = ["/usr/lib/sysimage/rpm", "/var/lib/rpm"];
/// Where folders of the system were merged into `/usr`, packages may name the old place (Debian: UsrMerge).
const MERGED: &str = "/usr";
/// Where packages put nothing (Filesystem Hierarchy Standard 3.0), so that nobody has to be asked: most of what we update.
const NEVER: &[&str] =
    &["/home", "/root", "/usr/local", "/tmp", "/var/tmp", "/dev", "/run", "/mnt", "/media", "/srv"];
/// The longest list that is read, in bytes.
const MAX_LIST: u64 = 64 << 20;
/// The longest table of mounts that is read, in bytes.
const MAX_MOUNTS: u64 = 4 << 20;
/// How long rpm may take to answer.
const RPM_TIME: Duration = Duration::from_secs(20);

/// What the system says about a path, which has no links. What cannot be found out counts as nothing: it only makes a later
/// step fail that could have failed earlier.
pub(in crate::install) fn facts(path: &Path) -> Facts {
    let ask = !NEVER.iter().any(|folder| path.starts_with(folder));
    let package = || dpkg(Path::new(DPKG), path).map(|name| ("dpkg", name));
    let package = || package().or_else(|| rpm(path).map(|name| ("rpm", name)));
    Facts {
        package: ask.then(package).flatten(),
        mount: read(Path::new("/proc/self/mountinfo"), MAX_MOUNTS).and_then(|table| mount(&table, path)),
        in_flatpak: Path::new("/.flatpak-info").exists(),
    }
}

fn read(file: &Path, limit: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file).ok()?.take(limit).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The package of dpkg's that owns a path.
fn dpkg(lists: &Path, path: &Path) -> Option<String> {
    let old = path.strip_prefix(MERGED).ok().map(|rest| Path::new("/").join(rest));
    let names: Vec<&[u8]> =
        [Some(path), old.as_deref()].into_iter().flatten().map(|path| path.as_os_str().as_bytes()).collect();
    let files = fs::read_dir(lists).ok()?.flatten().map(|entry| entry.path());
    let owner = files.filter(|file| file.extension() == Some(OsStr::new("list"))).find(|file| {
        let list = read(file, MAX_LIST).unwrap_or_default();
        list.split(|byte| *byte == b'\n').any(|line| names.contains(&line))
    })?;
    // The name may be followed by the processor.
    let name = owner.file_stem()?.to_str()?;
    Some(name.split(':').next().unwrap_or(name).to_owned())
}

/// The package of rpm's that owns a path.
fn rpm(path: &Path) -> Option<String> {
    let _database = RPM.iter().find(|folder| Path::new(folder).exists())?;
    let mut ask = Command::new("rpm");
    ask.args(["-qf", "--qf", "%{NAME}\n"]).arg(path).stdin(Stdio::null()).stderr(Stdio::null());
    let mut child = ask.stdout(Stdio::piped()).spawn().ok()?;
    let ended = wait_child(&mut child, RPM_TIME);
    if !matches!(ended, Ok(Some(status)) if status.success()) {
        // Both fail only for one that has ended.
        let _gone = child.kill();
        let _gone = child.wait();
        return None;
    }
    let mut answer = String::new();
    child.stdout?.take(4096).read_to_string(&mut answer).ok()?;
    answer.lines().next().filter(|name| !name.is_empty()).map(str::to_owned)
}

/// Where the file system of a path is mounted, and its type.
fn mount(table: &[u8], path: &Path) -> Option<(PathBuf, String)> {
    let mounts = table.split(|byte| *byte == b'\n').filter_map(|line| {
        let mut fields = line.split(|byte| *byte == b' ');
        let at = PathBuf::from(unescaped(fields.nth(4)?));
        let kind = fields.skip_while(|field| *field != b"-").nth(1)?;
        Some((at, String::from_utf8_lossy(kind).into_owned()))
    });
    // What was mounted last on the same folder is what is seen.
    mounts.filter(|(at, _)| path.starts_with(at)).max_by_key(|(at, _)| at.as_os_str().len())
}

/// Blanks and their like are written as a backslash and three octal digits.
fn unescaped(field: &[u8]) -> OsString {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, others)) = rest.split_first() {
        let digits = others.first_chunk::<3>().filter(|_| *first == b'\\');
        let byte = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { others.get(3..).unwrap_or_default() } else { others };
    }
    OsString::from_vec(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dpkg_names_the_package() {
        let lists = tempfile::tempdir().unwrap();
        fs::write(lists.path().join("demo:amd64.list"), "/.\n/usr\n/usr/bin\n/usr/bin/demo\n").unwrap();
        fs::write(lists.path().join("old.list"), "/bin/old\n").unwrap();
        fs::write(lists.path().join("demo:amd64.md5sums"), "/usr/bin/other\n").unwrap();
        let check = |path: &str, expected: Option<&str>| {
            assert_eq!(dpkg(lists.path(), Path::new(path)).as_deref(), expected, "{path}");
        };
        check("/usr/bin/demo", Some("demo"));
        check("/usr/bin/old", Some("old"));
        check("/usr/bin/dem", None);
        check("/usr/bin/other", None);
        check("/bin/demo", None);
    }

    #[test]
    fn the_nearest_mount_counts() {
        let table = b"21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
            22 21 0:40 / /home rw - nfs4 host:/home rw\n\
            23 22 0:41 / /home/x/my\\040disk rw master:2 - fuseblk /dev/sdb rw\n\
            24 21 0:42 / /opt rw - ext4 /dev/sdc rw\n25 24 0:43 / /opt rw - cifs //host/opt rw\nrubbish\n";
        let check = |path: &str, at: &str, kind: &str| {
            assert_eq!(mount(table, Path::new(path)), Some((at.into(), kind.to_owned())), "{path}");
        };
        check("/usr/bin/demo", "/", "ext4");
        check("/home/x/demo", "/home", "nfs4");
        check("/homes/demo", "/", "ext4");
        check("/home/x/my disk/demo", "/home/x/my disk", "fuseblk");
        check("/opt/demo", "/opt", "cifs");
        assert_eq!(mount(b"", Path::new("/x")), None);
    }

    #[test]
    fn this_machine_answers() {
        let shell = Path::new("/bin/sh").canonicalize().unwrap();
        let seen = facts(&shell);
        assert!(seen.mount.is_some(), "{seen:?}");
        if Path::new(DPKG).exists() || RPM.iter().any(|folder| Path::new(folder).exists()) {
            assert!(seen.package.is_some(), "{seen:?}");
        }
        let ours = tempfile::tempdir().unwrap();
        assert_eq!(facts(&ours.path().join("demo")).package, None);
    }
}
