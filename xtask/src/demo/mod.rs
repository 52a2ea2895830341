//! `cargo xtask demo`: real programs go from one real release to the next, through everything that we build.
//!
//! Nothing is reached into: publisher, operator and user are the commands that they would type, each in a folder of
//! its own, and what counts at the end is seen from outside: the bytes on disk, the server's access log, the process
//! that runs.
//!
//! ```text
//! publisher/{app}/   keys and signed repository    server/    data, online keys, configuration, log
//! user/              home, enrolments, programs    desktop/   the same for one who has the desktop app
//! ```

mod desktop;
mod files;
mod program;
mod publisher;
mod running;
mod server;
mod table;
mod user;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use self::program::{Life, Program};
use self::publisher::Publisher;
use self::server::Server;
use self::table::Row;
use self::user::{Invitation, User};
use crate::packages::{self, Purpose};
use crate::python;
use crate::sha256;
use crate::test::{self, What};
use crate::window;
use crate::workspace::Workspace;

/// What the running program is started with; one argument has a space, because restarts lose such things.
const ARGUMENTS: &[&str] = &["--name", "a demo", "--quiet"];

/// How the demo is shown.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Install missing system packages without a question.
    #[arg(long)]
    yes: bool,
    /// Work in this new folder, and leave it as it is at the end.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// The verb; whether every update went as it should.
pub(crate) fn main(workspace: &Workspace, options: &Options) -> Result<bool> {
    packages::ensure(&[Purpose::Build, Purpose::Demo], options.yes || workspace.ci)?;
    step("Building autoupdate, autoupdate-server, autoupdate-tray and the demo program");
    let built = test::build(workspace, What::Programs)?;

    step("Fetching two releases of each program");
    let python = python::interpreter(workspace)?;
    let programs = program::all(workspace, &built, python.as_deref())?;

    let folder = scratch(workspace, options.keep.as_deref())?;
    let autoupdate = built.program("autoupdate")?;
    let publisher = Publisher::new(autoupdate, &folder)?;
    step("Making keys and a signed repository for each program");
    for program in &programs {
        publisher.found(program.id)?;
    }
    step("Starting autoupdate-server");
    let configuration = publisher.configure_server()?;
    let log = folder.join("server/log");
    let server = Server::start(built.program("autoupdate-server")?, &configuration, &log)?;
    println!("  {}", server.url);
    step("Publishing both releases of each program");
    for program in &programs {
        publisher.release(program, &server)?;
    }

    step("Updating, as one who likes the command line would");
    let user = User::new(autoupdate, &folder.join("user"))?;
    let mut rows = Vec::new();
    let mut failures = Vec::new();
    for program in &programs {
        match update(&user, &publisher, &server, program) {
            Ok(row) => {
                failures.extend(row.faults().iter().map(|fault| format!("{}: {fault}", program.id)));
                rows.push(row);
            }
            Err(error) => failures.push(format!("{}: {error:#}", program.id)),
        }
    }
    if !rows.is_empty() {
        println!("\n{}", table::render(&rows));
    }
    if window::webview_is_here() {
        match desktop::demonstrate(&built, autoupdate, &folder, &publisher, &server, &programs) {
            Ok(faults) => failures.extend(faults),
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    drop(server);
    for failure in &failures {
        println!("FAILED {failure}");
    }
    if options.keep.is_some() || !failures.is_empty() {
        println!("Everything is left in {}", folder.display());
    } else {
        fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    Ok(failures.is_empty())
}

fn step(what: &str) {
    println!("== {what}");
}

/// An empty folder to work in.
fn scratch(workspace: &Workspace, keep: Option<&Path>) -> Result<PathBuf> {
    let folder = match keep {
        Some(folder) => {
            if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
                bail!("{} is not empty", folder.display());
            }
            folder.to_path_buf()
        }
        None => {
            let folder = workspace.target.join("demo");
            if folder.exists() {
                fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
            }
            folder
        }
    };
    files::private_folder(&folder)?;
    folder.canonicalize().with_context(|| folder.display().to_string())
}

/// Installs the old version, enrols it, starts it if it is a program that runs, updates it, and looks at the result.
fn update(user: &User, publisher: &Publisher, server: &Server, program: &Program) -> Result<Row> {
    let id = program.id;
    println!("  {id} {} → {}", program.from.version, program.to.version);
    install(user, publisher, server, program)?;
    let running = match program.life {
        Life::Tool => None,
        Life::Running => Some(user.start(id, ARGUMENTS)?),
    };
    let installed = user.installed(id);
    let sha256_before = sha256::of_file(&installed)?;
    let updated = user.update(id)?;
    let accesses = server.accesses(id)?;
    Ok(Row {
        program: id.to_owned(),
        from: program.from.version.to_owned(),
        to: program.to.version.to_owned(),
        route: updated.report.route.map_or_else(|| "unknown".to_owned(), |route| route.to_string()),
        fetched: updated.report.bytes_fetched,
        full: updated.report.full_bytes,
        took: updated.took,
        peak: updated.peak,
        sha256_before,
        sha256_after: sha256::of_file(&installed)?,
        published: sha256::of_file(&program.to.file)?,
        patches: accesses.iter().filter(|access| access.is_patch()).count() as u64,
        fulls: accesses.iter().filter(|access| access.is_full()).count() as u64,
        not_running: running.and_then(|running| running.fault(program.to.version)),
    })
}

/// Installs the old version and enrols it.
fn install(user: &User, publisher: &Publisher, server: &Server, program: &Program) -> Result<()> {
    let id = program.id;
    user.install(id, &program.from.file)?;
    let root = publisher.root(id);
    // Three seconds of life are enough to show; a real program takes a minute.
    let health = match program.life {
        Life::Tool => "{ probe = [\"--version\"] }",
        Life::Running => "{ alive = \"3s\" }",
    };
    user.enrol(&Invitation { id, source: &server.url, root: &root, health })
}
