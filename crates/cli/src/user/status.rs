//! `autoupdate status`: the View, as words.

use autoupdate::view::View;
use protocol::AppId;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Shows one program, or all.
pub(crate) fn run(app: Option<&AppId>, output: &Output) -> Result<Exit, Failure> {
    let view = super::reach::Reach::find()?.view()?;
    let view = match app {
        None => view,
        Some(app) => {
            let found = view.app(app).cloned().ok_or_else(|| super::enrol::unknown(app))?;
            View::new(vec![found], Vec::new())
        }
    };
    let mut lines: Vec<String> = view.apps.iter().map(super::words::of_app).collect();
    lines.extend(view.problems.iter().map(super::words::of_problem));
    if lines.is_empty() {
        lines.push("no program is enrolled: `autoupdate enrol FILE` adds one".to_owned());
    }
    output.done(&view, &lines.join("\n"));
    Ok(Exit::Done)
}
