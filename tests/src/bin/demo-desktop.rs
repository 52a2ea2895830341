//! The part of `cargo xtask demo` that happens where a person looks and clicks, when there is no person: a display, a
//! panel and a notification service of its own, the desktop app on them, and one program updated each way.
//!
//! ```text
//! demo-desktop HOME PICTURES ID=VERSION…
//! ```
//!
//! The programs are installed and enrolled below HOME, and VERSION is the one that is published for each. The first is
//! updated by the tray's menu, the second by the window's button, the third by the notification's. What was seen lies
//! in PICTURES then.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use autoupdate_tests::desktop::{Area, Desktop, Icon, Notices, Panel, Picture, Window};
use autoupdate_tests::{Person, poll_until};

/// What every way says on its button.
const RESTART: &str = "Restart to update";

/// The background of the pictures.
const COLOUR: u32 = 0x0039_4b59;

fn main() -> ExitCode {
    match demonstrate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn demonstrate() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [home, pictures, programs @ ..] = &arguments[..] else {
        bail!("usage: demo-desktop HOME PICTURES ID=VERSION...");
    };
    let programs: Vec<Program> = programs.iter().map(|words| Program::read(words)).collect::<Result<_>>()?;
    let pictures = Path::new(pictures);
    std::fs::create_dir_all(pictures).with_context(|| pictures.display().to_string())?;
    if let Some(missing) = Panel::missing() {
        bail!("{missing}");
    }

    let person = Person::living_in(Path::new(home));
    let desktop = Desktop::start()?;
    desktop.paint(COLOUR)?;
    let notices = desktop.notices(&person)?;
    let panel = desktop.panel(&person)?;
    let window = desktop.window(&person)?;
    for program in &programs {
        window.says(&program.card(), &format!("Version {} is ready", program.version))?;
    }
    let told = || notices.displayed().ok().filter(|count| *count as usize == programs.len());
    poll_until("a notification for each", told)?;
    let icon = panel.icon()?;
    take_pictures(&desktop, pictures)?;

    let ways: [(&str, Way); 3] =
        [("the tray's menu", by_tray), ("the window", by_window), ("the notification", by_notification)];
    for ((name, way), program) in ways.iter().zip(&programs) {
        way(program, &icon, &window, &notices).with_context(|| format!("{} by {name}", program.id))?;
        window.says(&program.card(), &format!("Updated to {}", program.version))?;
        println!("  {} {} by {name}", program.id, program.version);
    }
    // What a person wanted is told once it is done; what wanted their word has gone.
    let done = |said: &str| {
        programs.iter().all(|program| said.contains(&format!("was updated to {}", program.version)))
    };
    poll_until("what was done is told", || notices.said().ok().filter(|said| done(said)).map(drop))?;
    notices.close_all()?;
    // The programs that it has started live on; they would not if we just ended it.
    icon.click("Quit")?;
    poll_until("the app ends", || window.app().is_err().then_some(()))
}

/// One way to say that a program may restart.
type Way = fn(&Program, &Icon, &Window, &Notices) -> Result<()>;

/// A program of the person's.
struct Program {
    id: String,
    version: String,
}

impl Program {
    fn read(words: &str) -> Result<Self> {
        let (id, version) =
            words.split_once('=').with_context(|| format!("\"{words}\" is not ID=VERSION"))?;
        Ok(Self { id: id.to_owned(), version: version.to_owned() })
    }

    /// Its card in the window.
    fn card(&self) -> String {
        format!("[data-app=\"{}\"]", self.id)
    }
}

fn by_tray(program: &Program, icon: &Icon, _window: &Window, _notices: &Notices) -> Result<()> {
    icon.click_below(&program.id, RESTART)
}

fn by_window(program: &Program, _icon: &Icon, window: &Window, _notices: &Notices) -> Result<()> {
    window.click(&format!("{} [data-act=restart]", program.card()))
}

/// The last one: its notification is the only one left with this button.
fn by_notification(_program: &Program, _icon: &Icon, _window: &Window, notices: &Notices) -> Result<()> {
    notices.press(RESTART)
}

/// The window, the notifications, the menu in the panel, and all of it together.
fn take_pictures(desktop: &Desktop, folder: &Path) -> Result<()> {
    let save = |name: &str, picture: &Picture| {
        std::fs::write(folder.join(name), picture.to_png()?).with_context(|| format!("writing {name}"))
    };
    let nothing = desktop.next_picture(Area::ALL, &Picture::default())?;
    save("window.png", &desktop.picture(desktop.place("Updates")?)?)?;
    save("notification.png", &desktop.picture(desktop.place("Dunst")?)?)?;
    let icon = (Area::ALL.width as i16 - 16, Area::ALL.height as i16 - 16);
    desktop.click(icon.0, icon.1)?;
    let with_menu = desktop.next_picture(Area::ALL, &nothing)?;
    save("desktop.png", &with_menu)?;
    save("menu.png", &desktop.picture(MENU)?)?;
    // A click beside a menu closes it.
    desktop.click(1, 1)?;
    desktop.next_picture(Area::ALL, &with_menu)?;
    Ok(())
}

/// Where the panel shows the icon and the menu above it.
const MENU: Area = Area { x: 624, y: 448, width: 400, height: 320 };
