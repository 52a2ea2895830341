//! Our own command line as a tool.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::goals::{OURS, OURS_BSDIFF40};
use super::measure::{self, Run};
use super::tool::{Step, Tool};
use super::{Options, check_names, rivals};
use crate::bench::machine;
use crate::command;
use crate::workspace::Workspace;

/// Other formats beside the one that is judged.
const OTHERS: &[(&str, &str)] = &[("bsdiff40", OURS_BSDIFF40), ("bsz1", "ours bsz1")];

/// What is judged where the wanted format cannot be made yet.
const BEFORE: &str = "bsz1";

/// One tool for each format that is wanted and can be made.
pub(super) fn all(workspace: &Workspace, options: &Options, work: &Path) -> Result<Vec<Tool>> {
    let program = match &options.ours {
        Some(program) => program.canonicalize().with_context(|| program.display().to_string())?,
        None => build(workspace)?,
    };
    let commit = machine::said("git", &["describe", "--always", "--dirty"])?;
    let mut tools: Vec<Tool> = Vec::new();
    for format in &options.formats {
        let mut format = format.as_str();
        if !can_make(&program, format, work)? {
            println!("format {format} cannot be made yet; {BEFORE} stands in for it");
            format = BEFORE;
        }
        let judged = tools.iter().any(|tool| tool.name == OURS);
        let other = OTHERS.iter().find(|(name, _)| *name == format && (judged || format == "bsdiff40"));
        let name = other.map_or(OURS, |(_, name)| *name);
        tools.push(tool(&program, name, format, options.level.as_deref(), &commit)?);
    }
    check_names(&tools)?;
    Ok(tools)
}

fn tool(program: &Path, name: &'static str, format: &str, level: Option<&str>, commit: &str) -> Result<Tool> {
    let level = level.map(|level| format!(" --level {level}")).unwrap_or_default();
    let own = |words: String| Step { program: program.to_path_buf(), words };
    // Old clients apply bsdiff40 as Debian's bspatch does; ours wants to be told the result's SHA-256, which it lacks.
    let apply = if format == "bsdiff40" {
        rivals::bspatch()?
    } else {
        own("patch apply {old} {patch} {result}".to_owned())
    };
    Ok(Tool {
        name,
        version: format!("format {format}{level}, commit {commit}"),
        make: vec![own(format!("patch make --format {format}{level} {{old}} {{new}} {{patch}}"))],
        apply: vec![apply],
        patch: None,
    })
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--release", "--locked", "--package", "autoupdate-cli"]);
    if !command::succeeds(&mut cargo)? {
        bail!("`{}` failed (see above)", command::words(&cargo));
    }
    Ok(workspace.target.join("release/autoupdate"))
}

/// Whether it makes patches of this format at all, tried on two small files.
fn can_make(program: &Path, format: &str, work: &Path) -> Result<bool> {
    fs::create_dir_all(work)?;
    let file = |name: &str| work.join(name).display().to_string();
    fs::write(file("old"), "a small file")?;
    fs::write(file("new"), "another small file")?;
    let words = ["patch", "make", "--format", format].map(str::to_owned);
    // A patch of another format that was tried is not written over.
    let patch = file(&format!("patch-{format}"));
    let arguments = words.into_iter().chain([file("old"), file("new"), patch]).collect();
    let run = Run { program: program.to_path_buf(), arguments };
    let Err(error) = measure::cost(&[run]) else { return Ok(true) };
    let help = Command::new(program).args(["patch", "--help"]).output();
    if !help.is_ok_and(|help| help.status.success()) {
        return Err(error.context(format!("{} has no `patch`", program.display())));
    }
    println!("{error:#}");
    Ok(false)
}
