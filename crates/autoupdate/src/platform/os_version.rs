//! The version of the operating system, as that system counts it. `None` = cannot be told; a release that names a lowest version
//! is then not offered.

/// The kernel's release: what Linux programs depend on, and what can be compared across distributions.
#[cfg(target_os = "linux")]
#[must_use]
pub fn os_version() -> Option<String> {
    let name = rustix::system::uname();
    name.release().to_str().ok().map(ToOwned::to_owned)
}

/// The product version, for example `15.1`, from the file that the system's own tools read.
#[cfg(target_os = "macos")]
#[must_use]
pub fn os_version() -> Option<String> {
    use std::io::Read;
    let mut text = String::new();
    let file = std::fs::File::open("/System/Library/CoreServices/SystemVersion.plist").ok()?;
    file.take(64 << 10).read_to_string(&mut text).ok()?;
    let (_, after) = text.split_once("<key>ProductVersion</key>")?;
    let (_, value) = after.split_once("<string>")?;
    let (version, _) = value.split_once("</string>")?;
    Some(version.trim().to_owned())
}

/// Not told: the calls that tell the truth have no safe wrapper among our dependencies.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
#[must_use]
pub fn os_version() -> Option<String> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::cmp::Ordering;

    #[test]
    fn it_can_be_compared() {
        let version = super::os_version().unwrap();
        assert_eq!(crate::policy::os_version::compare(&version, "2.6"), Some(Ordering::Greater), "{version}");
    }
}
