//! `cargo xtask cross`: what is for other systems is compiled, and Windows' part is run as far as Wine carries it.
//!
//! No standard library for other systems need be installed: it is built from the sources in Debian's `rust-web-src`, with the
//! compiler of the same release, because library and compiler must match. For macOS no C compiler is to be had; since a check links
//! nothing, C files become empty objects there.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::packages::{self, Purpose};
use crate::workspace::Workspace;

const WINDOWS: &str = "x86_64-pc-windows-gnu";
const MACOS: &str = "aarch64-apple-darwin";

/// Where Debian puts its compiler and its friends.
const TOOLS: &str = "/usr/bin";

/// Stands in for a C compiler: whatever is asked for is made, with nothing in it.
const EMPTY_OBJECTS: &str = r#"#!/bin/sh
while [ $# -gt 0 ]; do
    if [ "$1" = -o ]; then : > "$2"; exit; fi
    shift
done
exit 1
"#;

/// Debian 12's Wine 8 lacks this library of Windows, whose one function the standard library calls.
const RANDOM: &str = "#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T length) { return SystemFunction036(bytes, (ULONG)length); }
";

/// What to do about other systems.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Install missing system packages without a question (CI=true implies it).
    #[arg(long)]
    yes: bool,
    /// Run the engine's own tests for Windows under Wine too. Wine is not Windows.
    #[arg(long)]
    wine: bool,
}

/// The verb.
pub(crate) fn main(workspace: &Workspace, options: &Options) -> Result<bool> {
    let wanted = if options.wine { &[Purpose::Cross, Purpose::Wine][..] } else { &[Purpose::Cross] };
    packages::ensure(wanted, options.yes || workspace.ci)?;
    let folder = workspace.target.join("cross");
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let mut good = true;
    for target in [WINDOWS, MACOS] {
        println!("== {target}");
        good &= command::succeeds(&mut lint(workspace, &folder, target)?)?;
    }
    if options.wine {
        println!("== the engine's tests under Wine");
        good &= run(workspace, &folder)?;
    }
    Ok(good)
}

/// Compiles every target of ours but the desktop app, what drives real programs, and this program.
fn lint(workspace: &Workspace, folder: &Path, target: &str) -> Result<Command> {
    let mut clippy = cargo(workspace, folder, "clippy", target)?;
    clippy.arg("--tests");
    for member in workspace.metadata.members().filter(|member| member.name.starts_with("autoupdate")) {
        if !["autoupdate-tests", "autoupdate-tray"].contains(&member.name.as_str()) {
            clippy.args(["--package", &member.name]);
        }
    }
    clippy.args(["--", "-D", "warnings"]);
    Ok(clippy)
}

fn run(workspace: &Workspace, folder: &Path) -> Result<bool> {
    let prefix = folder.join("wine");
    let system = prefix.join("drive_c/windows/system32");
    let mut boot = Command::new("wine");
    let quiet = |command: &mut Command| {
        command.env("WINEPREFIX", &prefix).env("WINEDEBUG", "-all");
    };
    quiet(boot.args(["wineboot", "--init"]));
    if !system.is_dir() && !command::succeeds(&mut boot)? {
        return Ok(false);
    }
    let library = system.join("bcryptprimitives.dll");
    if !library.is_file() {
        let source = folder.join("bcryptprimitives.c");
        std::fs::write(&source, RANDOM).with_context(|| format!("writing {}", source.display()))?;
        let mut compile = Command::new("x86_64-w64-mingw32-gcc");
        compile.arg("-shared").arg("-o").arg(&library).arg(&source).arg("-ladvapi32");
        if !command::succeeds(&mut compile)? {
            return Ok(false);
        }
    }
    let mut test = cargo(workspace, folder, "test", WINDOWS)?;
    test.args(["--package", "autoupdate", "--lib"]).env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", "wine");
    quiet(&mut test);
    command::succeeds(&mut test)
}

/// A verb of Debian's cargo, with the standard library built along.
fn cargo(workspace: &Workspace, folder: &Path, verb: &str, target: &str) -> Result<Command> {
    let mut cargo = Command::new(Path::new(TOOLS).join("cargo"));
    cargo.current_dir(&workspace.root);
    // The cargo that runs us says which compiler is its own, and so do the directories before Debian's.
    for (name, _) in std::env::vars_os() {
        let ours = |name: &str| name.starts_with("CARGO_") && name != "CARGO_HOME";
        if name.to_str().is_some_and(|name| ours(name) || name.starts_with("RUSTUP_") || name == "RUSTC") {
            cargo.env_remove(name);
        }
    }
    let before = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>();
    let path = std::env::join_paths(std::iter::once(PathBuf::from(TOOLS)).chain(before))?;
    // The sources of the standard library are for nightly compilers by cargo's own rules; this release builds them as well.
    cargo.env("PATH", path).env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_DIR", folder);
    if target == MACOS {
        let compiler = folder.join("empty-objects");
        std::fs::write(&compiler, EMPTY_OBJECTS)
            .with_context(|| format!("writing {}", compiler.display()))?;
        #[cfg(unix)]
        std::fs::set_permissions(&compiler, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        cargo
            .env("CC_aarch64_apple_darwin", compiler)
            .env("AR_aarch64_apple_darwin", "ar")
            .env("SDKROOT", "/");
    }
    cargo.args([verb, "--quiet", "--locked", "-Zbuild-std=std,panic_unwind,test", "--target", target]);
    Ok(cargo)
}
