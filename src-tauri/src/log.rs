//! The app's log: one file per day in the state folder, the last seven stay; on standard error too, where somebody looks.

use std::io::IsTerminal as _;

use autoupdate::store::Folders;
use tracing_appender::rolling::{Builder, Rotation};
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Files that are kept.
const MAX_FILES: usize = 7;

/// Starts the log. Without a place for it the app runs all the same.
pub(crate) fn start(folders: &Folders) {
    let folder = folders.state.join("log");
    // If it cannot be made, the next step says so.
    let _made = std::fs::create_dir_all(&folder);
    let files = Builder::new()
        .rotation(Rotation::DAILY)
        .filename_prefix("autoupdate-tray")
        .filename_suffix("log")
        .max_log_files(MAX_FILES)
        .build(folder);
    let to_file =
        files.ok().map(|files| tracing_subscriber::fmt::layer().with_ansi(false).with_writer(files));
    let to_terminal = std::io::stderr()
        .is_terminal()
        .then(|| tracing_subscriber::fmt::layer().with_writer(std::io::stderr));
    let filter = EnvFilter::new("info,zbus=warn,tracing=warn");
    // An error means that somebody has set a log up already.
    let _kept = tracing_subscriber::registry().with(filter).with(to_file).with(to_terminal).try_init();
}
