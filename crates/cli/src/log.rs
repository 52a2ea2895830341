//! The log of one run, on standard error: standard output belongs to the answer.

/// Starts logging. Without `--verbose` only errors are logged: what a person must know stands in the answer.
pub(crate) fn start(verbose: u8) {
    let filter = match verbose {
        0 => "error",
        1 => "autoupdate=info,warn",
        _ => "autoupdate=trace,debug",
    };
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
