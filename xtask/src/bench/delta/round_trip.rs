//! Our patches on all pairs, forward and back: whether they give the very bytes, and how long they are.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::report::grouped;
use super::tool::Tool;
use crate::bench::machine;
use crate::corpus::Pair;
use crate::workspace::Workspace;

const REPORT: &str = "docs/bench/delta-round-trip.md";

/// Whether every patch gives the bytes that it was made for. What is wrong is said, and the rest goes on.
pub(super) fn main(
    workspace: &Workspace,
    tools: &[Tool],
    pairs: &[Pair],
    work: &Path,
    whole: bool,
) -> Result<bool> {
    let mut faults = Vec::new();
    let mut out = format!(
        "# Round trips of our patches\n\n`cargo xtask bench delta --round-trip`, {}. Written by this command; do not edit.\n\n\
         Each patch was made and applied by `autoupdate patch`, and its result compared byte by byte. Lengths are bytes.\n\n\
         | pair |",
        machine::today()?
    );
    for Tool { name, .. } in tools {
        write!(out, " {name} | {name}, back |")?;
    }
    writeln!(out, "\n|---|{}", "--:|--:|".repeat(tools.len()))?;
    for pair in pairs {
        println!("{}", pair.label);
        write!(out, "| {} |", pair.label)?;
        for tool in tools {
            for pair in [pair.clone(), back(pair)] {
                let cell = match tool.round_trip(&pair, work) {
                    Ok(length) => grouped(length),
                    Err(error) => {
                        faults.push(format!("{error:#}"));
                        "**failed**".to_owned()
                    }
                };
                write!(out, " {cell} |")?;
            }
        }
        out.push('\n');
    }
    for Tool { name, version, .. } in tools {
        writeln!(out, "\n- {name}: {version}")?;
    }
    println!("\n{out}");
    for fault in &faults {
        println!("FAILED {fault}");
    }
    if whole {
        fs::write(workspace.root.join(REPORT), out).with_context(|| format!("writing {REPORT}"))?;
        println!("written to {REPORT}");
    }
    Ok(faults.is_empty())
}

/// From the new release to the old one.
fn back(pair: &Pair) -> Pair {
    Pair {
        label: format!("{} (back)", pair.label),
        old: pair.new.clone(),
        new: pair.old.clone(),
        ..pair.clone()
    }
}
