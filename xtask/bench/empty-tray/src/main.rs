//! An icon in the tray with a menu, and nothing else.

use tauri::RunEvent;
use tauri::image::Image;
use tauri::menu::MenuBuilder;
use tauri::tray::TrayIconBuilder;

// The one call of `exit` is inside of Tauri's macro.
#[allow(clippy::exit)]
fn main() -> tauri::Result<()> {
    let app = tauri::Builder::default()
        .setup(|app| {
            let menu = MenuBuilder::new(app).text("about", "An empty app").text("quit", "Quit").build()?;
            let picture = Image::from_bytes(include_bytes!("../../../../icons/tray/normal.png"))?;
            TrayIconBuilder::new()
                .icon(picture)
                .menu(&menu)
                .on_menu_event(|app, event| {
                    if event.id() == "quit" {
                        app.exit(0);
                    }
                })
                .build(app)?;
            Ok(())
        })
        .build(tauri::generate_context!())?;
    app.run(|_, event| {
        if let RunEvent::ExitRequested { api, code: None, .. } = event {
            api.prevent_exit();
        }
    });
    Ok(())
}
