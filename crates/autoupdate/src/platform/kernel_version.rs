//! The version of the system as Lantern's first clients told it: that of the kernel, where it happens to be a semantic version, and
//! nothing where it is not.

/// What Linux calls its release, macOS `kern.osrelease`.
#[cfg(unix)]
#[must_use]
pub fn kernel_version() -> String {
    let name = rustix::system::uname();
    semantic(name.release().to_str().unwrap_or_default())
}

/// The first number of three parts that the command `ver` prints.
#[cfg(windows)]
#[must_use]
pub fn kernel_version() -> String {
    semantic(three_parts(&ver().unwrap_or_default()))
}

/// What the command `ver` prints; it is built into the system's own shell.
#[cfg(windows)]
fn ver() -> std::io::Result<String> {
    use std::io::Read as _;
    use std::process::{Command, Stdio};
    /// Nobody is to see a black window.
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    /// A shell that does not answer by then is not waited for.
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);
    const MAX_BYTES: u64 = 4 << 10;

    let root = std::env::var_os("SystemRoot").unwrap_or_else(|| r"C:\Windows".into());
    let mut command = Command::new(std::path::Path::new(&root).join(r"System32\cmd.exe"));
    command.args(["/D", "/C", "ver"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    std::os::windows::process::CommandExt::creation_flags(&mut command, CREATE_NO_WINDOW);
    let mut child = command.spawn()?;
    // What it prints fits into the pipe, so it can end before anybody reads.
    if super::wait_child(&mut child, PATIENCE)?.is_none() {
        super::kill_group(&mut child);
        return Err(std::io::ErrorKind::TimedOut.into());
    }
    let mut bytes = Vec::new();
    if let Some(out) = child.stdout.take() {
        out.take(MAX_BYTES).read_to_end(&mut bytes)?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The first three numbers with dots between them, which may be a part of more.
#[cfg(any(windows, test))]
fn three_parts(text: &str) -> &str {
    let part = |from: usize| {
        let length = text.get(from..)?.bytes().take_while(u8::is_ascii_digit).count();
        (length > 0).then_some(from + length)
    };
    let dot = |from: usize| text.get(from..)?.starts_with('.').then_some(from + 1);
    let number = |at: usize| text.get(at..part(dot(part(dot(part(at)?)?)?)?)?);
    text.char_indices().find_map(|(at, _)| number(at)).unwrap_or_default()
}

/// The text if it is a semantic version, in the strict sense of version 2.0.0; else nothing.
fn semantic(text: &str) -> String {
    if semver::Version::parse(text).is_ok() { text.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_semantic_version_is_told() {
        for (release, told) in [
            ("6.1.0-18-amd64", "6.1.0-18-amd64"),
            ("6.18.44-fc-v657", "6.18.44-fc-v657"),
            ("15.0.0", "15.0.0"),
            ("5.15.90.1-microsoft-standard-WSL2", ""),
            ("6.1.0_x", ""),
            ("6.1", ""),
            ("", ""),
        ] {
            assert_eq!(semantic(release), told, "{release}");
        }
    }

    #[test]
    fn the_first_three_parts_of_what_windows_prints() {
        for (printed, found) in [
            ("\r\nMicrosoft Windows [Version 10.0.22631.3007]\r\n", "10.0.22631"),
            ("Microsoft Windows [Version 6.1.7601]", "6.1.7601"),
            ("Microsoft Windows XP [версия 5.1.2600]", "5.1.2600"),
            ("1.2 then 3.4.5", "3.4.5"),
            ("no version", ""),
            ("", ""),
        ] {
            assert_eq!(three_parts(printed), found, "{printed}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_kernel_has_one_or_none() {
        let told = kernel_version();
        let release = rustix::system::uname().release().to_string_lossy().into_owned();
        assert!(told.is_empty() || told == release, "{told}");
    }
}
