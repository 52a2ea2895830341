//! Notifications of the desktop: shows what [`crate::notice`] says, and says what was clicked.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "other.rs")]
mod system;

use tokio::sync::oneshot;

use crate::menu::{Does, label};
use crate::notice::Notice;
use crate::shell::{Desk, Wish};
use crate::words::Words;

/// A notification that may still be seen. Dropped, it is withdrawn.
pub(crate) struct Withdraw {
    _gone: oneshot::Sender<()>,
}

/// A notification in words.
struct Spoken {
    summary: String,
    body: String,
    /// The label of its button.
    button: Option<String>,
}

/// What a person did with it.
enum Clicked {
    /// Its button.
    Button,
    /// Itself.
    Body,
    /// Nothing, or took it away.
    Gone,
    /// Nothing: nobody could show it.
    Unshown,
}

/// Shows a notification. That it cannot be shown is logged, and told to the desk: tray and window say the same. `number`
/// tells it apart from an earlier one of the same key.
pub(crate) fn show(notice: Notice, number: u64, words: &Words, desk: Desk) -> Withdraw {
    let spoken = Spoken {
        summary: words.say(&notice.summary),
        body: words.say(&notice.body),
        button: notice.does.as_ref().map(|does| words.key(&label(does))),
    };
    let (withdraw, withdrawn) = oneshot::channel();
    drop(tokio::spawn(async move {
        let clicked = system::show(&spoken, withdrawn).await;
        let shown = !matches!(clicked, Clicked::Unshown);
        match (clicked, notice.does) {
            (Clicked::Button, Some(does)) => desk.wish(Wish::Do(does)),
            (Clicked::Button, None) | (Clicked::Body, _) => desk.wish(Wish::Do(Does::Open)),
            (Clicked::Gone | Clicked::Unshown, _) => {}
        }
        desk.wish(Wish::NoticeGone { key: notice.key, number, shown });
    }));
    Withdraw { _gone: withdraw }
}
