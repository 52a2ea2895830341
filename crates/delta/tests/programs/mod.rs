//! Small real programs in two releases each, compiled by the machine's own compilers for several machines and systems.
//! None of them is ever run.

#![allow(dead_code, unreachable_pub, missing_docs)]

pub mod source;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::thread;

/// Which of the two releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    First,
    Next,
}

/// A program in two releases.
#[derive(Debug, Clone)]
pub struct Program {
    /// One of the names in [`TARGETS`], or `rust`.
    pub name: &'static str,
    pub base: Vec<u8>,
    pub artifact: Vec<u8>,
}

/// For what C is compiled, and how: the arguments of clang, which calls the linkers of lld.
const TARGETS: &[(&str, &[&str])] = &[
    (
        "elf-x86_64",
        &[
            "--target=x86_64-linux-gnu",
            "-fPIE",
            "-pie",
            "-Wl,-e,start",
            "-Wl,--eh-frame-hdr",
            "-Wl,--build-id",
        ],
    ),
    (
        "elf-x86_64-fixed",
        &["--target=x86_64-linux-gnu", "-fno-pie", "-static", "-Wl,-e,start", "-Wl,--strip-all"],
    ),
    ("elf-aarch64", &["--target=aarch64-linux-gnu", "-fPIE", "-pie", "-Wl,-e,start", "-Wl,--eh-frame-hdr"]),
    ("pe-x86_64", &["--target=x86_64-pc-windows-msvc", "-Wl,/entry:start", "-Wl,/subsystem:console"]),
    ("macho-arm64", &["--target=arm64-apple-macos11", "-Wl,-e,_start"]),
    ("macho-x86_64", &["--target=x86_64-apple-macos11", "-Wl,-dylib"]),
];

/// What all of them have in common.
const COMMON: &[&str] =
    &["-O1", "-ffreestanding", "-fno-builtin", "-nostdlib", "-fuse-ld=lld", "-funwind-tables"];

/// All programs that can be made here. For what is missing it prints that the test leaves it out; on CI, where
/// everything must be there, it fails.
pub fn programs(test: &str) -> &'static [Program] {
    static PROGRAMS: OnceLock<(Vec<Program>, Vec<String>)> = OnceLock::new();
    let (programs, missing) = PROGRAMS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let made: Vec<_> = thread::scope(|scope| {
            let rust = scope.spawn(move || with_rustc(folder));
            let c = |(name, arguments): &'static (&str, &[&str])| {
                scope.spawn(move || with_clang(folder, name, arguments))
            };
            let c: Vec<_> = TARGETS.iter().map(c).collect();
            c.into_iter().chain([rust]).map(|thread| thread.join().unwrap()).collect()
        });
        let missing = made.iter().filter_map(|result| result.as_ref().err().cloned()).collect();
        (made.into_iter().flatten().collect(), missing)
    });
    for reason in missing {
        println!("SKIP {test}: {reason}");
    }
    assert!(
        missing.is_empty() || std::env::var("CI").as_deref() != Ok("true"),
        "all of them are made on CI: {missing:?}"
    );
    programs
}

fn with_clang(folder: &Path, name: &'static str, arguments: &[&str]) -> Result<Program, String> {
    let build = |release| {
        let [source, output] = ["c", "out"].map(|end| folder.join(format!("{name}-{release:?}.{end}")));
        fs::write(&source, source::c(release)).unwrap();
        let mut clang = Command::new("clang");
        clang.args(COMMON).args(arguments).arg(&source).arg("-o").arg(&output);
        run(&mut clang, &output).map_err(|why| {
            format!("{name} cannot be made with clang and lld (Debian packages of these names): {why}")
        })
    };
    Ok(Program { name, base: build(Release::First)?, artifact: build(Release::Next)? })
}

fn with_rustc(folder: &Path) -> Result<Program, String> {
    let build = |release| {
        let [source, output] = ["rs", "out"].map(|end| folder.join(format!("rust-{release:?}.{end}")));
        fs::write(&source, source::rust(release)).unwrap();
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        rustc.args(["--edition=2021", "--crate-name=program", "-Copt-level=1", "-Cstrip=debuginfo"]);
        rustc.arg(&source).arg("-o").arg(&output);
        run(&mut rustc, &output).map_err(|why| format!("the Rust program cannot be made: {why}"))
    };
    Ok(Program { name: "rust", base: build(Release::First)?, artifact: build(Release::Next)? })
}

/// Runs a compiler, and gives what it made.
fn run(compiler: &mut Command, output: &Path) -> Result<Vec<u8>, String> {
    let done = compiler.output().map_err(|error| format!("{:?}: {error}", compiler.get_program()))?;
    if done.status.success() {
        fs::read(output).map_err(|error| error.to_string())
    } else {
        Err(String::from_utf8_lossy(&done.stderr).lines().take(5).collect::<Vec<_>>().join(" | "))
    }
}
