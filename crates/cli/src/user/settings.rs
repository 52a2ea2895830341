//! Settings in words: what is in effect, and who said so.

use autoupdate::policy::SetBy;
use autoupdate::support::{Setting, Settings};

/// Every setting as a line, those of the updater first.
pub(crate) fn of_settings(settings: &Settings) -> String {
    let mut lines: Vec<String> = settings.general.iter().map(line).collect();
    for (app, of_app) in &settings.apps {
        lines.push(format!("\n{app}"));
        lines.extend(of_app.iter().map(line));
    }
    lines.join("\n")
}

/// One setting, and where it comes from.
pub(crate) fn line(setting: &Setting) -> String {
    let Setting { key, value, by, place } = setting;
    let place = place.as_deref().map(|place| format!("{place}, ")).unwrap_or_default();
    let who = match by {
        SetBy::Default => "default",
        SetBy::Enrolment => "from its enrolment",
        SetBy::Person => "set by you",
        SetBy::Administrator => "set by your administrator",
    };
    format!("  {key:18} {value:20} ({place}{who})")
}
