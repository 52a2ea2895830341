//! `autoupdate-server`: reads arguments and configuration, starts the library's server, waits for a signal.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::anyhow;
use autoupdate_server::config::{Log, LogFormat};
use autoupdate_server::ingest::unpack::{self, UnpackError};
use autoupdate_server::patches::maker::{self, MakeError, Order};
use autoupdate_server::{Around, Config, Server, twins};
use clap::{Parser, Subcommand};

/// Update and download server.
///
/// Serves the releases in its data directory to autoupdate clients and to any TUF client, makes patches on demand,
/// takes signed publications from those who have a token, and renews the signatures of its online roles. It speaks
/// plain HTTP: put a reverse proxy with TLS in front.
///
/// When it is ready it prints one line, `listening on http://ADDRESS:PORT`; everything else is logged to standard error.
/// SIGTERM and SIGINT let running requests end, then stop it.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    /// The configuration file (TOML). The example file explains every key.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve; the same as no command.
    Serve,
    /// Check configuration, tokens, keys and trees as a start would, and say which apps would be served.
    CheckConfig,
    /// Delete old artifacts that nobody needs as `[retention]` says; a running server does it by itself.
    Gc {
        /// Delete nothing, say what would go. Also beside a running server.
        #[arg(long)]
        dry_run: bool,
    },
    /// Make one patch. The server starts this itself.
    #[command(hide = true)]
    MakePatch(Order),
    /// Make one compressed twin. The server starts this itself.
    #[command(hide = true)]
    MakeTwin(twins::maker::Order),
    /// Unpack one asset. The server starts this itself.
    #[command(hide = true)]
    Unpack(unpack::Order),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match &arguments.command {
        Some(Command::MakePatch(order)) => return tell(maker::make(order), MakeError::code),
        Some(Command::MakeTwin(order)) => return tell(twins::maker::make(order), MakeError::code),
        Some(Command::Unpack(order)) => return tell(unpack::run(order), UnpackError::code),
        Some(Command::Serve | Command::CheckConfig | Command::Gc { .. }) | None => {}
    }
    let Some(file) = arguments.config else {
        eprintln!("autoupdate-server: --config FILE is needed (--help explains)");
        return ExitCode::from(2);
    };
    let result = match arguments.command {
        Some(Command::CheckConfig) => check_config(&file),
        Some(Command::Gc { dry_run }) => gc(&file, dry_run),
        _ => serve(&file),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("autoupdate-server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn check_config(file: &Path) -> anyhow::Result<()> {
    let config = Config::load(file)?;
    let apps = autoupdate_server::check(&config)?;
    let apps: Vec<&str> = apps.iter().map(protocol::AppId::as_str).collect();
    println!("{} is good; apps: {}", file.display(), apps.join(", "));
    Ok(())
}

fn gc(file: &Path, dry_run: bool) -> anyhow::Result<()> {
    let config = Config::load(file)?;
    if config.retention.versions == 0 {
        println!("nothing is ever deleted: `retention.versions` is 0");
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| anyhow!("no runtime: {error}"))?;
    let clock = std::sync::Arc::new(jiff::Timestamp::now);
    let surplus = runtime.block_on(autoupdate_server::retention::gc(&config, clock, dry_run))?;
    for one in &surplus {
        println!("{} {} {}: {} bytes", one.app, one.version, one.platform, one.bytes);
    }
    let bytes: u64 = surplus.iter().map(|one| one.bytes).sum();
    let word = if dry_run { "would go" } else { "deleted" };
    println!("{} artifacts, {bytes} bytes {word}", surplus.len());
    Ok(())
}

fn serve(file: &Path) -> anyhow::Result<()> {
    let config = Config::load(file)?;
    start_log(&config.log)?;
    raise_file_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| anyhow!("no threads: {error}"))?;
    let result = runtime.block_on(async {
        // Before anything is announced: whoever reads the line may send a signal at once.
        let stop = stop_signal()?;
        let server = Server::start(config, Around::here()?).await?;
        println!("listening on http://{}", server.address());
        std::io::stdout().flush().map_err(|error| anyhow!("standard output: {error}"))?;
        server.run(stop).await;
        Ok(())
    });
    // Everything that had a right to end has ended; what still blocks a thread is cut.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}

/// Tells the server what was made, as it expects it of a child.
fn tell<E: std::fmt::Display>(made: Result<impl serde::Serialize, E>, code: impl Fn(&E) -> u8) -> ExitCode {
    match made {
        Ok(made) => match serde_json::to_string(&made) {
            Ok(line) => {
                println!("{line}");
                ExitCode::SUCCESS
            }
            Err(_) => ExitCode::FAILURE,
        },
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(code(&error))
        }
    }
}

fn start_log(log: &Log) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(&log.filter)
        .map_err(|error| anyhow!("key `log.filter`: {error}"))?;
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    match log.format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}

/// A connection and a file are descriptors; the usual soft limit of 1024 is less than the connections allowed.
fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "the limit of open files stays as it is");
        }
    }
}

/// Done when the system asks this process to stop.
#[cfg(unix)]
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| anyhow!("SIGTERM: {error}"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| anyhow!("SIGINT: {error}"))?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Done when the system asks this process to stop.
#[cfg(not(unix))]
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without the handler there is no orderly end, but the server can still be killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
