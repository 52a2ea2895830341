//! Operating systems and processor architectures, in Rust's names, and the map to and from Go's.

use std::fmt;

use crate::invalid::{Invalid, text_noun};

macro_rules! names {
    ($(#[$doc:meta])* $name:ident, $what:literal, $($(#[$vdoc:meta])* $variant:ident = $rust:literal / $go:literal),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Parses Rust's name (`std::env::consts`).
            ///
            /// # Errors
            /// [`Invalid`] for a name that is not in [`Self::ALL`].
            pub fn parse(text: &str) -> Result<Self, Invalid> {
                match text {
                    $($rust => Ok(Self::$variant),)+
                    _ => Err(Invalid::new($what, text, concat!("known are:" $(, " ", $rust)+))),
                }
            }

            /// Rust's name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $rust),+ }
            }

            /// Go's name (`GOOS`, `GOARCH`), as the Lantern protocol and asset names have it.
            #[must_use]
            pub const fn go_name(self) -> &'static str {
                match self { $(Self::$variant => $go),+ }
            }

            /// The inverse of [`Self::go_name`].
            #[must_use]
            pub fn from_go_name(text: &str) -> Option<Self> {
                match text { $($go => Some(Self::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        text_noun!($name);
    };
}

names!(
    /// An operating system.
    Os, "operating system",
    /// Linux.
    Linux = "linux" / "linux",
    /// macOS.
    Macos = "macos" / "darwin",
    /// Windows.
    Windows = "windows" / "windows",
    /// Android.
    Android = "android" / "android",
);
names!(
    /// A processor architecture.
    Arch, "architecture",
    /// 64-bit x86.
    X86_64 = "x86_64" / "amd64",
    /// 64-bit Arm.
    Aarch64 = "aarch64" / "arm64",
    /// 32-bit x86.
    X86 = "x86" / "386",
    /// 32-bit Arm.
    Arm = "arm" / "arm",
);

/// Where an artifact runs. As text `{os}-{arch}`, for example `linux-x86_64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    /// Operating system.
    pub os: Os,
    /// Processor architecture.
    pub arch: Arch,
}

impl Platform {
    /// The platform this code was built for, if it is one we know.
    #[must_use]
    pub fn current() -> Option<Self> {
        let os = Os::parse(std::env::consts::OS).ok()?;
        Some(Self { os, arch: Arch::parse(std::env::consts::ARCH).ok()? })
    }

    /// Parses `{os}-{arch}`.
    ///
    /// # Errors
    /// [`Invalid`] for unknown names or another shape.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let Some((os, arch)) = text.split_once('-') else {
            return Err(Invalid::new("platform", text, "it must be os-arch, for example linux-x86_64"));
        };
        Ok(Self { os: Os::parse(os)?, arch: Arch::parse(arch)? })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.os, self.arch)
    }
}

text_noun!(Platform);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_map_both_ways() {
        for os in Os::ALL {
            assert_eq!(Os::parse(os.as_str()), Ok(*os));
            assert_eq!(Os::from_go_name(os.go_name()), Some(*os));
            for arch in Arch::ALL {
                assert_eq!(Arch::from_go_name(arch.go_name()), Some(*arch));
                let platform = Platform { os: *os, arch: *arch };
                assert_eq!(Platform::parse(&platform.to_string()), Ok(platform));
            }
        }
        assert_eq!(Arch::from_go_name("x86_64"), None);
        assert!(Platform::parse("linux").is_err() && Platform::parse("linux-arm64").is_err());
    }
}
