//! What we are compared with: programs of Debian, and two that are built here from their registries.
//!
//! Each is run as its authors would for the smallest patch that its applier takes in the same time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::tool::{Step, Tool};
use crate::workspace::Workspace;
use crate::{command, python, registry, sha256};

pub(super) const BSDIFF: &str = "bsdiff";
pub(super) const HDIFFZ: &str = "hdiffz";
pub(super) const HDIFFZ_BSD: &str = "hdiffz -BSD";
pub(super) const XDELTA: &str = "xdelta3";
pub(super) const ZSTD: &str = "zstd";
pub(super) const ZUCCHINI: &str = "Zucchini";

/// All of them, in the order of tables.
pub(super) const ALL: &[&str] = &[BSDIFF, HDIFFZ, HDIFFZ_BSD, XDELTA, ZSTD, ZUCCHINI];

/// PyPI's package whose source archive has the whole of HDiffPatch 5.1.3, and that archive's SHA-256.
const HDIFFPATCH: (&str, &str) = ("hdiffpatch", "2.6.0");
const HDIFFPATCH_SHA256: &str = "9f0d05ee1784a8223df4ca806c47c4fc0dc2048aabd24e8694730e55a39aa5a6";
const HDIFFPATCH_FOLDER: &str = "hdiffpatch-2.6.0/hdiffpatch/_c_src/HDiffPatch";
/// What is built of it: bzip2 for BSDIFF40 and LZMA2.
const HDIFFPATCH_PARTS: &[&str] =
    &["DIR_DIFF=0", "LDEF=0", "ZLIB=0", "ZSTD=0", "MD5=0", "XXH=0", "VCD=0", "BSD=1", "BZIP2=1", "LZMA=1"];

/// The crate with Chromium's sources, and the oldest compiler that takes them.
const ZUCCHINI_CRATE: (&str, &str) = ("zucchini", "0.1.1");
const ZUCCHINI_COMPILER: &str = "clang++-19";

/// Patch lengths of Zucchini 0.1.1 with `xz -9e`, for machines where it cannot be built. Adjacent pairs.
const ZUCCHINI_STATED: &[(&str, u64)] = &[
    ("rollup-linux-x64:4.68.6-4.68.7", 185_660),
    ("lightningcss-linux-x64:1.32.0-1.33.0", 294_428),
    ("esbuild-linux-x64:0.28.1-0.28.2", 439_976),
    ("esbuild-win32-x64:0.28.1-0.28.2", 270_616),
    ("esbuild-darwin-arm64:0.28.1-0.28.2", 486_620),
    ("go-linux-x64:1.27.2-1.27.3", 256_996),
    ("ruff-linux-x64:0.17.5-0.17.6", 3_183_584),
    ("ruff-linux-arm64:0.17.5-0.17.6", 2_255_860),
    ("ruff-darwin-arm64:0.17.5-0.17.6", 2_839_192),
    ("ruff-win-x64:0.17.5-0.17.6", 2_207_992),
];

/// The wanted ones that can be had here. Those that cannot are said.
pub(super) fn all(workspace: &Workspace, wanted: &[String]) -> Vec<Tool> {
    let mut tools = Vec::new();
    for name in ALL.iter().filter(|name| wanted.iter().any(|word| word == *name)) {
        match rival(workspace, name) {
            Ok(tool) => tools.push(tool),
            Err(error) => println!("{name} cannot be had here: {error:#}"),
        }
    }
    tools
}

/// What is known of a patch without making it.
pub(super) fn stated(tool: &str, pair: &str) -> Option<u64> {
    let known = ZUCCHINI_STATED.iter().find(|(label, _)| *label == pair);
    known.filter(|_| tool == ZUCCHINI).map(|(_, length)| *length)
}

/// What applies BSDIFF40 patches, whoever made them.
pub(super) fn bspatch() -> Result<Step> {
    step("bspatch", "{old} {result} {patch}")
}

fn rival(workspace: &Workspace, name: &'static str) -> Result<Tool> {
    let tool =
        |version: String, make: Vec<Step>, apply: Vec<Step>| Tool { name, version, make, apply, patch: None };
    Ok(match name {
        BSDIFF => tool(debian("bsdiff")?, vec![step("bsdiff", "{old} {new} {patch}")?], vec![bspatch()?]),
        XDELTA => tool(
            debian("xdelta3")?,
            vec![step("xdelta3", "-e -f -9 -S lzma -B {length} -s {old} {new} {patch}")?],
            vec![step("xdelta3", "-d -f -B {length} -s {old} {patch} {result}")?],
        ),
        ZSTD => tool(
            debian("zstd")?,
            vec![step("zstd", "-q -f -19 --long={log} --patch-from={old} {new} -o {patch}")?],
            vec![step("zstd", "-q -f -d --long={log} --patch-from={old} {patch} -o {result}")?],
        ),
        HDIFFZ => {
            let folder = hdiffpatch(workspace)?;
            let words = "-f -m-6 -SD -c-lzma2-9-64m -p-1 -d {old} {new} {patch}";
            let make = Step { program: folder.join("hdiffz"), words: words.into() };
            let apply =
                Step { program: folder.join("hpatchz"), words: "-f -s-256k {old} {patch} {result}".into() };
            tool(hdiffpatch_version(), vec![make], vec![apply])
        }
        HDIFFZ_BSD => {
            let words = "-f -m-4 -block-0 -BSD -c-bzip2-9 -p-1 -d {old} {new} {patch}";
            let make = Step { program: hdiffpatch(workspace)?.join("hdiffz"), words: words.into() };
            tool(hdiffpatch_version(), vec![make], vec![bspatch()?])
        }
        ZUCCHINI => Tool { patch: Some("patch.xz"), ..zucchini(workspace, tool)? },
        _ => bail!("nobody knows it; known are {}", ALL.join(", ")),
    })
}

fn zucchini(workspace: &Workspace, tool: impl Fn(String, Vec<Step>, Vec<Step>) -> Tool) -> Result<Tool> {
    let program = zucc(workspace)?;
    let own = |words: &str| Step { program: program.clone(), words: words.into() };
    let version = format!("{} with {}", ZUCCHINI_CRATE.1, debian("xz-utils")?);
    Ok(tool(
        version,
        vec![own("gen {old} {new} {patch}"), step("xz", "-9e -T1 -f {patch}")?],
        vec![step("xz", "-d -k -f {patch}.xz")?, own("apply {old} {patch} {result}")],
    ))
}

fn step(program: &str, words: &str) -> Result<Step> {
    let program = command::find(program).with_context(|| format!("{program} is not installed"))?;
    Ok(Step { program, words: words.to_owned() })
}

/// The release of a package of Debian's.
fn debian(package: &str) -> Result<String> {
    let mut query = Command::new("dpkg-query");
    query.args(["-W", "-f", "${Version}", package]);
    Ok(command::output(&mut query)?.trim().to_owned())
}

fn hdiffpatch_version() -> String {
    format!("5.1.3 of {} {}", HDIFFPATCH.0, HDIFFPATCH.1)
}

/// The folder with hdiffz and hpatchz, built on first use: the package for Python has no such programs, its sources have.
fn hdiffpatch(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target.join("bench/hdiffpatch");
    let inside = folder.join(HDIFFPATCH_FOLDER);
    if inside.join("hdiffz").is_file() && inside.join("hpatchz").is_file() {
        return Ok(inside);
    }
    fs::create_dir_all(&folder)?;
    let archive = folder.join("sources.tar.gz");
    if !archive.is_file() {
        println!("fetching the sources of {} {} (PyPI)", HDIFFPATCH.0, HDIFFPATCH.1);
        let python = python::interpreter(workspace)?;
        registry::fetch_sources(HDIFFPATCH.0, HDIFFPATCH.1, python.as_deref(), &archive)?;
    }
    let found = sha256::of_file(&archive)?;
    if found != HDIFFPATCH_SHA256 {
        bail!("{} has SHA-256 {found}, expected is {HDIFFPATCH_SHA256}", archive.display());
    }
    done(Command::new("tar").arg("xzf").arg(&archive).arg("-C").arg(&folder))?;
    println!("building hdiffz and hpatchz");
    done(quiet("make").current_dir(&inside).arg("-j2").args(HDIFFPATCH_PARTS))?;
    Ok(inside)
}

/// The crate's own command line, built on first use and away from our workspace.
fn zucc(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target.join("bench/zucchini");
    let program = folder.join("bin/zucc");
    if !program.is_file() {
        let compiler = command::find(ZUCCHINI_COMPILER)
            .with_context(|| format!("{ZUCCHINI_COMPILER} is not installed"))?;
        println!("building {} {} with {ZUCCHINI_COMPILER}", ZUCCHINI_CRATE.0, ZUCCHINI_CRATE.1);
        let mut cargo = workspace.cargo();
        cargo.env("CXX", compiler).env("CARGO_TARGET_DIR", folder.join("target"));
        cargo.args(["install", "--quiet", "--locked", ZUCCHINI_CRATE.0, "--version", ZUCCHINI_CRATE.1]);
        cargo.args(["--example", "zucc", "--root"]).arg(&folder);
        done(&mut cargo)?;
    }
    Ok(program)
}

fn quiet(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    command.stdout(std::process::Stdio::null());
    command
}

fn done(command: &mut Command) -> Result<()> {
    if !command::succeeds(command)? {
        bail!("`{}` failed (see above)", command::words(command));
    }
    Ok(())
}
