//! The system packages that the tests and the demo need, and why.
//!
//! What is missing is named, with its reason, before anything is installed.

use std::io::{BufRead, Write};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::test::Group;

/// One package of the system.
struct Package {
    /// Debian's name.
    apt: &'static str,
    /// Present if this holds.
    present: Present,
    /// What we want it for.
    why: &'static str,
    /// Who wants it.
    wanted_by: &'static [Purpose],
}

/// How to see that a package is there without asking the package system.
enum Present {
    Command(&'static str),
    /// This file is there.
    File(&'static str),
    /// pkg-config knows this library.
    Library(&'static str),
    /// Python can import these.
    Python(&'static str),
}

/// What a package is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To compile anything at all.
    Build,
    /// `cargo xtask demo`.
    Demo,
    /// `cargo xtask gallery`.
    Gallery,
    /// `cargo xtask cross`.
    Cross,
    /// `cargo xtask cross --wine`.
    Wine,
    /// To build and run what `cargo xtask bench delta` compares our patches with.
    Rivals,
    /// `cargo xtask bench server`.
    BenchServer,
    /// A group of tests.
    Group(Group),
}

use Present::{Command as Tool, File, Library, Python};
use Purpose::{BenchServer, Build, Cross, Demo, Gallery, Rivals, Wine};

/// The desktop app is part of what is built for any test.
const DESKTOP: &[Purpose] = &[Purpose::Group(Group::Unit), Purpose::Group(Group::Desktop), Demo];
const ON_A_DISPLAY: &[Purpose] = &[Purpose::Group(Group::Desktop), Demo];
/// The window's page without its app.
const IN_A_BROWSER: &[Purpose] = &[Purpose::Group(Group::Ui), Gallery];

/// Servers that share a bucket, and what they share it with.
const ON_A_BUCKET: &[Purpose] = &[Purpose::Group(Group::Unit), Purpose::Group(Group::Server)];

/// Tests that make programs as others do.
const PROGRAMS: &[Purpose] = &[Purpose::Group(Group::Unit), Purpose::Group(Group::Delta)];

const PACKAGES: &[Package] = &[
    Package {
        apt: "gcc",
        present: Tool("cc"),
        why: "links, and compiles zstd and ring",
        wanted_by: &[Build],
    },
    Package {
        apt: "libc6-dev",
        present: File("/usr/include/stdlib.h"),
        why: "the C library's headers and start files, without which nothing links; gcc only recommends it",
        wanted_by: &[Build],
    },
    Package {
        apt: "python3",
        present: Tool("python3"),
        why: "a plain static host for updates (http.server), and python-tuf",
        wanted_by: &[Purpose::Group(Group::Interop), Demo, Rivals],
    },
    Package {
        apt: "python3-venv",
        present: Python("venv, ensurepip"),
        why: "a folder below target/ for packages from PyPI, so that the system's Python stays as it is",
        wanted_by: &[Purpose::Group(Group::Interop), Demo, Rivals],
    },
    Package {
        apt: "bsdiff",
        present: Tool("bspatch"),
        why: "bspatch, the peer that must read our bsdiff40 patches",
        wanted_by: &[Purpose::Group(Group::Delta), Purpose::Group(Group::Interop), Rivals],
    },
    Package {
        apt: "golang-go",
        present: Tool("go"),
        why: "builds an old Lantern client, which must update from our server",
        wanted_by: &[Purpose::Group(Group::Interop)],
    },
    Package {
        apt: "xdelta3",
        present: Tool("xdelta3"),
        why: "makes patches to compare ours with",
        wanted_by: &[Rivals],
    },
    Package {
        apt: "zstd",
        present: Tool("zstd"),
        why: "makes patches to compare ours with",
        wanted_by: &[Rivals],
    },
    Package {
        apt: "xz-utils",
        present: Tool("xz"),
        why: "packs the patches of Zucchini",
        wanted_by: &[Rivals],
    },
    Package {
        apt: "wrk",
        present: Tool("wrk"),
        why: "asks the server as fast as it can",
        wanted_by: &[BenchServer],
    },
    Package {
        apt: "nginx-light",
        present: Tool("nginx"),
        why: "serves the same files, to compare",
        wanted_by: &[BenchServer],
    },
    Package { apt: "make", present: Tool("make"), why: "builds HDiffPatch", wanted_by: &[Rivals] },
    Package { apt: "g++", present: Tool("g++"), why: "compiles HDiffPatch", wanted_by: &[Rivals] },
    Package {
        apt: "clang-19",
        present: Tool("clang++-19"),
        why: "compiles Zucchini, which takes no other compiler",
        wanted_by: &[Rivals],
    },
    Package {
        apt: "clang",
        present: Tool("clang"),
        why: "compiles small programs for Linux, Windows and macOS, of which patches are made",
        wanted_by: PROGRAMS,
    },
    Package { apt: "lld", present: Tool("ld.lld"), why: "links them", wanted_by: PROGRAMS },
    Package {
        apt: "pkg-config",
        present: Tool("pkg-config"),
        why: "tells where the web view's library is",
        wanted_by: DESKTOP,
    },
    Package {
        apt: "libwebkit2gtk-4.1-dev",
        present: Library("webkit2gtk-4.1"),
        why: "the web view of the desktop app's window",
        wanted_by: DESKTOP,
    },
    Package {
        apt: "libayatana-appindicator3-dev",
        present: Library("ayatana-appindicator3-0.1"),
        why: "the icon in the tray",
        wanted_by: DESKTOP,
    },
    Package {
        apt: "xvfb",
        present: Tool("Xvfb"),
        why: "a display for the desktop app where there is none",
        wanted_by: ON_A_DISPLAY,
    },
    Package {
        apt: "dbus",
        present: Tool("dbus-run-session"),
        why: "a session bus of the tests' own: tray and notifications live on it",
        wanted_by: ON_A_DISPLAY,
    },
    Package {
        apt: "dunst",
        present: Tool("dunst"),
        why: "a real notification service, whose buttons can be pressed",
        wanted_by: ON_A_DISPLAY,
    },
    Package {
        apt: "webkit2gtk-driver",
        present: Tool("WebKitWebDriver"),
        why: "reads and clicks the desktop app's window as a person does",
        wanted_by: ON_A_DISPLAY,
    },
    Package {
        apt: "desktop-file-utils",
        present: Tool("desktop-file-validate"),
        why: "says whether the entries of the installed desktop app are as lists of programs want them",
        wanted_by: ON_A_DISPLAY,
    },
    Package {
        apt: "fonts-dejavu-core",
        present: File("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
        why: "letters: without any font a window has no words that could be read",
        wanted_by: &[Purpose::Group(Group::Desktop), Purpose::Group(Group::Ui), Demo],
    },
    Package {
        apt: "chromium",
        present: Tool("chromium"),
        why: "draws the window's page, says what colours and places are in it, and walks it by keyboard",
        wanted_by: IN_A_BROWSER,
    },
    Package {
        apt: "fonts-noto-core",
        present: File("/usr/share/fonts/truetype/noto/NotoSansArabic-Regular.ttf"),
        why: "Latin, Cyrillic and Persian letters as most desktops have them, for pictures of the window",
        wanted_by: &[Gallery],
    },
    Package {
        apt: "fonts-noto-cjk",
        present: File("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
        why: "the same for Chinese",
        wanted_by: &[Gallery],
    },
    Package {
        apt: "xfce4-panel",
        present: Tool("xfce4-panel"),
        why: "a real panel for the demo's pictures: the tray's icon and its menu",
        wanted_by: &[Demo],
    },
    Package {
        apt: "tinyproxy",
        present: Tool("tinyproxy"),
        why: "a real HTTP proxy between client and server",
        wanted_by: &[Purpose::Group(Group::Unit)],
    },
    Package {
        apt: "strace",
        present: Tool("strace"),
        why: "kills the installer at chosen system calls, and lets them fail",
        wanted_by: &[Purpose::Group(Group::Install)],
    },
    Package {
        apt: "e2fsprogs",
        present: Tool("mkfs.ext4"),
        why: "file systems whose power is cut in the middle of an update",
        wanted_by: &[Purpose::Group(Group::Install)],
    },
    Package {
        apt: "xfsprogs",
        present: Tool("xfs_io"),
        why: "the same on xfs, and xfs_io, which cuts the power of both",
        wanted_by: &[Purpose::Group(Group::Install)],
    },
    Package {
        apt: "radosgw",
        present: Tool("radosgw"),
        why: "a real S3-compatible store on this machine (Ceph), which several servers share; brings the command ceph",
        wanted_by: ON_A_BUCKET,
    },
    Package {
        apt: "ceph-mon",
        present: Tool("ceph-mon"),
        why: "knows the parts of that store",
        wanted_by: ON_A_BUCKET,
    },
    Package {
        apt: "ceph-osd",
        present: Tool("ceph-osd"),
        why: "keeps the bytes of that store",
        wanted_by: ON_A_BUCKET,
    },
    Package {
        apt: "rust-web-src",
        present: File("/usr/lib/rustlib/src/rust/library/std/Cargo.toml"),
        why: "the standard library's sources, from which those for Windows and macOS are built",
        wanted_by: &[Cross],
    },
    Package {
        apt: "cargo-web",
        present: File("/usr/bin/cargo"),
        why: "cargo and the compiler that match those sources",
        wanted_by: &[Cross],
    },
    Package {
        apt: "rust-web-clippy",
        present: File("/usr/bin/cargo-clippy"),
        why: "the lints of that compiler",
        wanted_by: &[Cross],
    },
    Package {
        apt: "gcc-mingw-w64-x86-64",
        present: Tool("x86_64-w64-mingw32-gcc"),
        why: "compiles zstd and ring for Windows, and links for it",
        wanted_by: &[Cross],
    },
    Package {
        apt: "wine64",
        present: File("/usr/lib/wine/wine64"),
        why: "runs programs for Windows",
        wanted_by: &[Wine],
    },
    Package { apt: "wine", present: Tool("wine"), why: "the command that starts it", wanted_by: &[Wine] },
];

impl Package {
    fn is_present(&self) -> bool {
        match self.present {
            File(path) => Path::new(path).exists(),
            Library(name) => Command::new("pkg-config")
                .args(["--exists", name])
                .status()
                .is_ok_and(|status| status.success()),
            Tool(program) => command::exists(program),
            Python(modules) => command::find("python3").is_some_and(|python| {
                let import = format!("import {modules}");
                Command::new(python).args(["-c", &import]).output().is_ok_and(|done| done.status.success())
            }),
        }
    }
}

/// Installs what is missing for these purposes. What cannot be installed is said, and left to the tests that
/// need it: they skip with their reason.
pub(crate) fn ensure(purposes: &[Purpose], yes: bool) -> Result<()> {
    let wanted = PACKAGES.iter().filter(|package| package.wanted_by.iter().any(|who| purposes.contains(who)));
    let missing: Vec<&Package> = wanted.filter(|package| !package.is_present()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("These system packages are missing:");
    for package in &missing {
        println!("  {:<14} {}", package.apt, package.why);
    }
    let names: Vec<&str> = missing.iter().map(|package| package.apt).collect();
    if !command::exists("apt-get") {
        println!("This system has no apt-get: please install them by its own means. Going on without them.");
        return Ok(());
    }
    if !yes && !agreed()? {
        println!("Going on without them.");
        return Ok(());
    }
    if !install(&names)? {
        println!("Installing them failed (see above). Going on without them.");
    }
    Ok(())
}

fn agreed() -> Result<bool> {
    if !command::can_ask() {
        println!("Nobody is there to be asked; `--yes` installs without a question.");
        return Ok(false);
    }
    print!("Install them with apt-get now? [Y/n] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context("reading the answer")?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes"))
}

fn install(names: &[&str]) -> Result<bool> {
    let mut update = apt_get();
    update.args(["-q", "update"]);
    // Without fresh lists the packages may still be found.
    let _ = command::succeeds(&mut update)?;
    let mut install = apt_get();
    install.args(["-q", "install", "-y", "--no-install-recommends"]).args(names);
    command::succeeds(&mut install)
}

/// apt-get as root: as ourselves if we are, else through sudo, which may ask for a password.
fn apt_get() -> Command {
    let root = command::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let mut command = if root { Command::new("env") } else { Command::new("sudo") };
    if !root {
        command.arg("env");
    }
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    command
}
