//! `cargo xtask`: what a developer and CI do with this repository, in the language of the rest of it.

mod bench;
mod ci;
mod codegen;
mod command;
mod corpus;
mod cross;
mod demo;
mod gallery;
mod icons;
mod packages;
mod python;
mod registry;
mod sha256;
mod test;
mod tidy;
mod window;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// Demo, tests and quality gates of this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Update real programs from one real release to the next, through everything that we build.
    Demo(demo::Options),
    /// Build everything once and run the tests; without GROUP all of them.
    Test(test::Options),
    /// The quality gates, then all tests, with the minutes each took. What CI runs.
    Ci(ci::Options),
    /// Write the window's types anew from ours.
    Codegen(codegen::Options),
    /// Figures that we promise: measured, judged, and kept in `docs/bench/`.
    Bench(bench::Options),
    /// Fetch the real releases that patches are measured on, into a folder outside of the repository.
    Corpus(corpus::Options),
    /// Draw every scene of the window in every language, light and dark, and look at it by machine.
    Gallery(gallery::Options),
    /// Render the icons from their drawings.
    Icons,
    /// Compile what is for Windows and macOS.
    Cross(cross::Options),
    /// The laws of this repository that no compiler checks.
    Tidy,
}

fn main() -> ExitCode {
    if let Some(ended) = bench::launch() {
        return ended;
    }
    let arguments = Arguments::parse();
    let done = Workspace::find().and_then(|workspace| match arguments.verb {
        Verb::Demo(options) => demo::main(&workspace, &options),
        Verb::Test(options) => test::main(&workspace, &options),
        Verb::Ci(options) => ci::main(&workspace, &options),
        Verb::Codegen(options) => codegen::main(&workspace, &options),
        Verb::Bench(options) => bench::main(&workspace, &options),
        Verb::Corpus(options) => corpus::main(&workspace, &options),
        Verb::Gallery(options) => gallery::main(&workspace, &options),
        Verb::Icons => icons::main(&workspace),
        Verb::Cross(options) => cross::main(&workspace, &options),
        Verb::Tidy => tidy::main(&workspace),
    });
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
