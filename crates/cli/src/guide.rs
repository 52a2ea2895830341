//! What helps to type the command and to look it up: completions for shells, and pages for `man`. Both are made of the
//! arguments themselves, so that they cannot grow old; whoever packages the command asks for them.

use std::path::{Path, PathBuf};

use clap_complete::Shell;
use serde_json::json;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// The verbs.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Print what lets a shell complete this command, for example `autoupdate completions bash`.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Write the pages for `man` into a folder, one for the command and one for each verb.
    Manual {
        /// The folder; made if it is not there.
        folder: PathBuf,
    },
}

/// Runs a verb on the command as it is.
pub(crate) fn run(verb: &Verb, mut command: clap::Command, output: &Output) -> Result<Exit, Failure> {
    match verb {
        Verb::Completions { shell } => {
            let mut script = Vec::new();
            let name = command.get_name().to_owned();
            clap_complete::generate(*shell, &mut command, name, &mut script);
            let script = String::from_utf8_lossy(&script);
            Ok(output.done(&json!({ "shell": shell.to_string(), "script": script }), script.trim_end()))
        }
        Verb::Manual { folder } => {
            let pages = manual(command, folder)?;
            Ok(output.done(
                &json!({ "folder": folder, "pages": pages }),
                &format!("{pages} pages in {}", folder.display()),
            ))
        }
    }
}

/// Gives the number of pages.
fn manual(command: clap::Command, folder: &Path) -> Result<usize, Failure> {
    let failed = |source| Failure::Io { doing: "write the manual to", path: folder.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(failed)?;
    // There is no verb "help" to look up: it is this manual.
    clap_mangen::generate_to(command.disable_help_subcommand(true), folder).map_err(failed)?;
    std::fs::read_dir(folder).map_err(failed).map(Iterator::count)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, ValueEnum as _};

    use super::*;

    #[test]
    fn every_shell_knows_every_verb() {
        let command = crate::Command::command();
        let verbs: Vec<_> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
        assert!(verbs.len() > 20, "{verbs:?}");
        for shell in Shell::value_variants() {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut crate::Command::command(), "autoupdate", &mut script);
            let script = String::from_utf8(script).unwrap();
            let unknown: Vec<_> = verbs.iter().filter(|verb| !script.contains(verb.as_str())).collect();
            assert_eq!(unknown, Vec::<&String>::new(), "{shell}");
        }
    }

    #[test]
    fn there_is_a_page_for_every_verb() {
        let folder = tempfile::tempdir().unwrap();
        let command = crate::Command::command();
        let below: usize = command.get_subcommands().map(|verb| verb.get_subcommands().count()).sum();
        let expected = 1 + command.get_subcommands().count() + below;
        assert_eq!(manual(command, folder.path()).unwrap(), expected);
        let page = std::fs::read_to_string(folder.path().join("autoupdate-repair.1")).unwrap();
        assert!(page.contains("byte by byte") && page.contains("\\-\\-yes"), "{page}");
    }
}
