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
    /// The labels of its buttons.
    buttons: Vec<String>,
    /// It goes by itself after some seconds.
    brief: bool,
}

/// What a person did with it.
enum Clicked {
    /// One of its buttons.
    Button(usize),
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
        buttons: notice.does.iter().map(|does| words.key(&label(does))).collect(),
        brief: notice.brief,
    };
    let (withdraw, withdrawn) = oneshot::channel();
    drop(tokio::spawn(async move {
        let clicked = system::show(&spoken, withdrawn).await;
        let shown = !matches!(clicked, Clicked::Unshown);
        match clicked {
            Clicked::Button(at) => desk.wish(Wish::Do(notice.does.get(at).cloned().unwrap_or(Does::Open))),
            Clicked::Body => desk.wish(Wish::Do(Does::Open)),
            Clicked::Gone | Clicked::Unshown => {}
        }
        desk.wish(Wish::NoticeGone { key: notice.key, number, shown });
    }));
    Withdraw { _gone: withdraw }
}
