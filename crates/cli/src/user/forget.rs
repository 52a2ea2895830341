//! `autoupdate forget`: take a program's entry out of `apps.d`.

use autoupdate::store::Folders;
use protocol::{AppId, SourceKind};
use serde_json::json;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Removes the enrolment and its root or key. The program, its record and its history stay.
pub(crate) fn run(app: &AppId, output: &Output) -> Result<Exit, Failure> {
    let folders = Folders::of_user().map_err(|error| Failure::of(error.fault(), &error))?;
    for folder in [folders.user_apps(), folders.machine_apps()] {
        let file = folder.join(format!("{app}.toml"));
        if !file.exists() {
            continue;
        }
        std::fs::remove_file(&file).map_err(|error| {
            let mut why = format!("{} cannot be removed: {error}", file.display());
            if folder == folders.machine_apps() {
                why.push_str("; it was enrolled for the whole machine, so its administrator must forget it");
            }
            Failure::engine("E-STATE-WRITE", why)
        })?;
        // Without its enrolment the root or key means nothing; whether it can be removed too does not matter.
        for source in [SourceKind::Tuf, SourceKind::Lantern] {
            std::fs::remove_file(folder.join(super::enrol::anchor_name(app, source))).ok();
        }
        super::reach::tell_running_engine(&folders);
        output.done(
            &json!({ "answer": "forgotten", "app": app }),
            &format!("{app} is no longer kept up to date"),
        );
        return Ok(Exit::Done);
    }
    Err(super::enrol::unknown(app))
}
