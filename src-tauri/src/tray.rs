//! The icon in the tray: draws what [`crate::menu`] says, and says what was clicked.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use tauri::image::Image;
use tauri::menu::{IsMenuItem, MenuBuilder, MenuItem, PredefinedMenuItem, Submenu};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Wry};

use crate::face::{Glyph, Shown};
use crate::menu::{Does, Line, Menu, menu};
use crate::shell::{Desk, Wish};
use crate::words::Words;

/// The icon in the tray.
pub(crate) struct Tray {
    app: AppHandle,
    icon: TrayIcon,
    drawn: Mutex<Option<(Glyph, Menu)>>,
}

impl Tray {
    /// Makes the icon. `None` where the system has no tray: that is said once, and the app lives on without it.
    pub(crate) fn new(app: &AppHandle, desk: &Desk) -> Option<Self> {
        let desk = desk.clone();
        let build = || {
            TrayIconBuilder::with_id("main")
                .icon(picture(Glyph::Normal)?)
                .on_menu_event(move |_, event| match Does::of_id(event.id().as_ref()) {
                    Some(does) => desk.wish(Wish::Do(does)),
                    None => tracing::warn!(id = event.id().as_ref(), "a menu item that nobody made"),
                })
                .build(app)
        };
        // The tray library panics where its shared library is missing.
        match catch_unwind(AssertUnwindSafe(build)) {
            Ok(Ok(icon)) => Some(Self { app: app.clone(), icon, drawn: Mutex::default() }),
            Ok(Err(error)) => {
                tracing::warn!(%error, "no icon in the tray; the window and notifications remain");
                None
            }
            Err(_) => {
                tracing::warn!("the tray library is missing; the window and notifications remain");
                None
            }
        }
    }

    /// Draws what is shown now, as far as it differs from what is drawn.
    pub(crate) fn show(&self, shown: &Shown, words: &Words) {
        let (glyph, menu) = (shown.summary.glyph, menu(shown, words));
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if drawn.as_ref().is_some_and(|(before, lines)| (*before, lines) == (glyph, &menu)) {
            return;
        }
        let title = words.say(&shown.summary.words);
        if let Err(error) = self.draw(glyph, &menu, &title) {
            tracing::warn!(%error, "the tray cannot be drawn");
        }
        *drawn = Some((glyph, menu));
    }

    fn draw(&self, glyph: Glyph, menu: &Menu, title: &str) -> tauri::Result<()> {
        let mut builder = MenuBuilder::new(&self.app);
        for line in &menu.lines {
            builder = builder.item(self.item(line)?.as_ref());
        }
        self.icon.set_icon(Some(picture(glyph)?))?;
        // Linux has no tooltip; there the first line of the menu says the same.
        self.icon.set_tooltip(Some(title))?;
        self.icon.set_menu(Some(builder.build()?))
    }

    fn item(&self, line: &Line) -> tauri::Result<Box<dyn IsMenuItem<Wry>>> {
        Ok(match line {
            Line::Words(words) => Box::new(MenuItem::new(&self.app, literal(words), false, None::<&str>)?),
            Line::Item { label, does } => {
                Box::new(MenuItem::with_id(&self.app, does.to_id(), literal(label), true, None::<&str>)?)
            }
            Line::Group { label, items } if items.is_empty() => {
                Box::new(MenuItem::new(&self.app, literal(label), false, None::<&str>)?)
            }
            Line::Group { label, items } => {
                let items = items.iter().map(|item| self.item(item)).collect::<tauri::Result<Vec<_>>>()?;
                let items: Vec<&dyn IsMenuItem<Wry>> = items.iter().map(AsRef::as_ref).collect();
                Box::new(Submenu::with_items(&self.app, literal(label), true, &items)?)
            }
            Line::Separator => Box::new(PredefinedMenuItem::separator(&self.app)?),
        })
    }
}

/// Words as a menu takes them: to it, an ampersand alone marks the letter that a keyboard chooses the line by.
fn literal(words: &str) -> String {
    words.replace('&', "&&")
}

/// The picture of a glyph, as `icons/tray/` has it.
fn picture(glyph: Glyph) -> tauri::Result<Image<'static>> {
    Image::from_bytes(match glyph.in_tray() {
        Glyph::Held => include_bytes!("../../icons/tray/held.png"),
        Glyph::Available => include_bytes!("../../icons/tray/available.png"),
        Glyph::Working => include_bytes!("../../icons/tray/working.png"),
        Glyph::Ready => include_bytes!("../../icons/tray/ready.png"),
        Glyph::Attention => include_bytes!("../../icons/tray/attention.png"),
        Glyph::Critical => include_bytes!("../../icons/tray/critical.png"),
        Glyph::Normal | Glyph::Check | Glyph::Back | Glyph::Clock | Glyph::Stop => {
            include_bytes!("../../icons/tray/normal.png")
        }
    })
}
