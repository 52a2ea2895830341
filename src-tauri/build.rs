//! Compiles the window's page, its capabilities and the list of commands into the app, and where its own updates come from.

fn main() {
    println!("cargo:rerun-if-changed=src-tauri/capabilities");
    let commands = tauri_build::AppManifest::new()
        .commands(&[
            "next",
            "act",
            "check_all",
            "notes",
            "start_at_login",
            "settings",
            "set",
            "history",
            "examine",
            "pause",
            "pick",
            "diagnostics",
            "export_diagnostics",
            "open_log",
        ])
        .permissions_path_pattern("./src-tauri/permissions/**/*");
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern("./src-tauri/capabilities/**/*")
        .app_manifest(commands);
    if let Err(error) = own_source() {
        panic!("{error}");
    }
    if let Err(error) = tauri_build::try_build(attributes) {
        panic!("{error:#}");
    }
}

/// Where the app's own updates come from, if whoever builds it says so: both variables or none. See `install/own.rs`.
fn own_source() -> Result<(), String> {
    const SOURCE: &str = "AUTOUPDATE_OWN_SOURCE";
    const ROOT: &str = "AUTOUPDATE_OWN_ROOT";
    println!("cargo:rerun-if-env-changed={SOURCE}");
    println!("cargo:rerun-if-env-changed={ROOT}");
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let root = match (set(SOURCE), set(ROOT)) {
        (None, None) => Vec::new(),
        (Some(_), Some(file)) => {
            println!("cargo:rerun-if-changed={file}");
            std::fs::read(&file).map_err(|error| format!("{ROOT}={file} cannot be read: {error}"))?
        }
        (Some(_), None) => return Err(format!("{SOURCE} is set without {ROOT}, the file of its first root")),
        (None, Some(_)) => {
            return Err(format!("{ROOT} is set without {SOURCE}, the address of the repository"));
        }
    };
    let folder = std::env::var("OUT_DIR").map_err(|error| format!("OUT_DIR: {error}"))?;
    let file = std::path::Path::new(&folder).join("own-root.json");
    std::fs::write(&file, root).map_err(|error| format!("{} cannot be written: {error}", file.display()))
}
