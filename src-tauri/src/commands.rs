//! What the window may ask. Ids come from the last View, versions from the list that the engine last made, wishes are a closed
//! list: never a URL or a path.

// Tauri hands arguments over by value.
#![allow(clippy::needless_pass_by_value)]

use autoupdate::handle::{Answer, Command, How, Refusal};
use autoupdate::store::Entry;
use autoupdate::support::{Examined, Settings};
use protocol::{AppId, Version};
use tauri::State;

use crate::face::{Act, Message, Shown};
use crate::knob::{Knob, Span};
use crate::menu::Does;
use crate::notes::Block;
use crate::shell::{Desk, Wish};

/// What is shown and its number, as soon as that is another than the page has seen.
///
/// The page asks, it is not told: what a page is told runs as a script whose result comes back, and for that WebKit sets up
/// a whole JavaScript engine in this process, which stays in memory when the window has gone.
#[tauri::command]
pub async fn next(desk: State<'_, Desk>, seen: u64) -> Result<(u64, Shown), ()> {
    desk.ask(|reply| Wish::Next(seen, reply)).await.ok_or(())
}

/// One act with one program.
#[tauri::command]
pub async fn act(desk: State<'_, Desk>, app: AppId, act: Act) -> Result<(), Message> {
    let done = desk.ask(|reply| Wish::Act(app, act, reply)).await;
    done.unwrap_or_else(|| Err(Message::new("act-too-late")))
}

/// Looks for updates of all programs.
#[tauri::command]
pub fn check_all(desk: State<'_, Desk>) {
    desk.wish(Wish::Do(Does::CheckAll));
}

/// The notes of the version that is offered.
#[tauri::command]
pub async fn notes(desk: State<'_, Desk>, app: AppId) -> Result<Vec<Block>, ()> {
    Ok(desk.ask(|reply| Wish::Notes(app, reply)).await.unwrap_or_default())
}

/// Starts the app at login, or does not.
#[tauri::command]
pub async fn start_at_login(desk: State<'_, Desk>, on: bool) -> Result<(), Message> {
    let done = desk.ask(|reply| Wish::StartAtLogin(on, reply)).await;
    done.unwrap_or_else(|| Err(Message::new("start-at-login-refused")))
}

/// Every setting that is in effect.
#[tauri::command]
pub async fn settings(desk: State<'_, Desk>) -> Result<Settings, Message> {
    match desk.engine(Command::Settings).await {
        Answer::Settings { settings } => Ok(settings),
        other => Err(refused(&other)),
    }
}

/// Changes a setting, or takes the person's line away.
#[tauri::command]
pub async fn set(
    desk: State<'_, Desk>,
    app: Option<AppId>,
    key: Knob,
    value: Option<String>,
) -> Result<(), Message> {
    if value.as_deref().is_some_and(|value| !key.may_be(value)) {
        return Err(Message::new("setting-refused"));
    }
    let moved = key == Knob::Channel;
    let about = app.clone();
    match desk.engine(Command::Set { app, key: key.key().to_owned(), value }).await {
        Answer::Done => {
            if key == Knob::Language {
                desk.wish(Wish::Language);
            }
            // Another channel has other versions: nobody wants to wait for the next check to see them.
            if let Some(app) = about.filter(|_| moved) {
                desk.wish(Wish::Give(vec![Command::Check { app, force: false }]));
            }
            Ok(())
        }
        other => Err(refused(&other)),
    }
}

/// What happened here, oldest first.
#[tauri::command]
pub async fn history(desk: State<'_, Desk>) -> Result<Vec<Entry>, Message> {
    match desk.engine(Command::History { last: MAX_EVENTS }).await {
        Answer::History { entries } => Ok(entries),
        other => Err(refused(&other)),
    }
}

/// What support looks at.
#[tauri::command]
pub async fn examine(desk: State<'_, Desk>, app: AppId) -> Result<Examined, Message> {
    match desk.engine(Command::Examine { app }).await {
        Answer::Examined { examined } => Ok(*examined),
        other => Err(refused(&other)),
    }
}

/// Pauses everything that happens by itself, or lets it go on.
#[tauri::command]
pub async fn pause(desk: State<'_, Desk>, span: Option<Span>) -> Result<(), Message> {
    match desk.engine(pausing(span)).await {
        Answer::Done => Ok(()),
        other => Err(refused(&other)),
    }
}

/// Installs a version of the list in what was examined, and stays at it if it is not the newest.
#[tauri::command]
pub async fn pick(desk: State<'_, Desk>, app: AppId, version: Version) -> Result<(), Message> {
    let Answer::Examined { examined } = desk.engine(Command::Examine { app: app.clone() }).await else {
        return Err(Message::new("act-too-late"));
    };
    let newest = examined.versions.first().is_some_and(|choice| choice.version == version);
    if !examined.versions.iter().any(|choice| choice.version == version && choice.reason.is_none()) {
        return Err(Message::new("act-too-late"));
    }
    let pin = if newest { "none".to_owned() } else { version.to_string() };
    let pin = Command::Set { app: Some(app.clone()), key: Knob::Pin.key().to_owned(), value: Some(pin) };
    match desk.engine(pin).await {
        Answer::Done => {
            // A check first: what was offered before was another version.
            let prepare = Command::Prepare { app: app.clone(), how: How { force: true, ..How::default() } };
            desk.wish(Wish::Give(vec![Command::Check { app, force: false }, prepare]));
            Ok(())
        }
        other => Err(refused(&other)),
    }
}

/// What somebody who helps wants to see.
#[tauri::command]
pub async fn diagnostics(desk: State<'_, Desk>) -> Result<String, Message> {
    desk.ask(Wish::Diagnostics).await.ok_or_else(|| Message::new("act-too-late"))
}

/// Writes the same to a file, and gives its path.
#[tauri::command]
pub async fn export_diagnostics(desk: State<'_, Desk>) -> Result<String, Message> {
    desk.ask(Wish::Export).await.unwrap_or_else(|| Err(Message::new("act-too-late")))
}

/// Shows the log.
#[tauri::command]
pub async fn open_log(desk: State<'_, Desk>) -> Result<(), Message> {
    desk.ask(Wish::Log).await.unwrap_or_else(|| Err(Message::new("act-too-late")))
}

/// Events of the history that the window gets.
const MAX_EVENTS: usize = 1000;

/// The command of a pause, or of its end.
pub(crate) fn pausing(span: Option<Span>) -> Command {
    match span {
        Some(span) => Command::Pause { until: span.end(jiff::Timestamp::now()) },
        None => Command::Resume,
    }
}

/// Why the engine did not do it, in words for the window.
fn refused(answer: &Answer) -> Message {
    match answer {
        Answer::Failed { failure } => {
            tracing::info!(code = failure.code, text = failure.text, "not set");
            Message::new("setting-refused")
        }
        Answer::Refused { why: Refusal::ByAdministrator } => Message::new("locked-by-administrator"),
        _ => Message::new("act-too-late"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::*;

    /// What an argument would be, if it is taken at all.
    fn taken<T: DeserializeOwned>(given: &Value) -> Option<T> {
        T::deserialize(given).ok()
    }

    fn words() -> impl Strategy<Value = String> {
        let words = [
            "check", "restart", "at-quit", "day", "mode", "proxy", "system", "demo", "1.2.3", "none", "../x",
        ];
        let changed = (prop::sample::select(words.to_vec()), "[ A-Z\\x00\u{202e}/-]{0,2}");
        prop_oneof![changed.prop_map(|(word, more)| format!("{word}{more}")), "\\PC{0,12}"]
    }

    /// Anything that JSON can say, as deep as it is small.
    fn anything() -> impl Strategy<Value = Value> {
        let flat = prop_oneof![
            4 => words().prop_map(|word| json!(word)),
            1 => any::<i64>().prop_map(|number| json!(number)),
            1 => any::<f64>().prop_map(|number| json!(number)),
            1 => Just(Value::Null),
        ];
        flat.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::hash_map(words(), inner, 0..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_taken_is_a_word_of_a_closed_list_or_a_plain_name(given in anything()) {
            // Of a list a word is taken as a table with nothing in it, too.
            let table = given.as_object().filter(|table| table.values().all(Value::is_null));
            let word = given.as_str().or_else(|| table?.keys().next().map(String::as_str));
            if let Some(act) = taken::<Act>(&given) {
                prop_assert_eq!(word, Some(crate::menu::word(act)));
            }
            if let Some(span) = taken::<Span>(&given) {
                prop_assert_eq!(word, Some(span.word()));
            }
            if let Some(knob) = taken::<Knob>(&given) {
                prop_assert_eq!(word, Some(knob.key()));
            }
            if let Some(app) = taken::<AppId>(&given) {
                prop_assert_eq!(word, Some(app.as_str()));
                prop_assert!(!app.as_str().contains(['/', '\\', '\0', '\n', ' ']));
            }
            if let Some(version) = taken::<Version>(&given) {
                prop_assert_eq!(word.map(str::to_owned), Some(version.to_string()));
            }
            if let Some(value) = word {
                prop_assert_eq!(Knob::Proxy.may_be(value), ["system", "off"].contains(&value));
            }
        }
    }
}
