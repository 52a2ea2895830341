//! Compiles the window's page, its capabilities and the list of commands into the app.

fn main() {
    println!("cargo:rerun-if-changed=src-tauri/capabilities");
    println!("cargo:rerun-if-changed=src-tauri/permissions");
    own_root();
    let commands = tauri_build::AppManifest::new()
        .commands(&["subscribe", "act", "check_all", "notes", "start_at_login"])
        .permissions_path_pattern("./src-tauri/permissions/**/*");
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern("./src-tauri/capabilities/**/*")
        .app_manifest(commands);
    if let Err(error) = tauri_build::try_build(attributes) {
        panic!("{error:#}");
    }
}

/// The root that the app trusts for its own updates, as a file that can be compiled in. Empty where the build names none.
fn own_root() {
    println!("cargo:rerun-if-env-changed=AUTOUPDATE_OWN_SOURCE");
    println!("cargo:rerun-if-env-changed=AUTOUPDATE_OWN_ROOT");
    let root = match std::env::var_os("AUTOUPDATE_OWN_ROOT") {
        Some(file) => {
            std::fs::read(&file).unwrap_or_else(|error| panic!("AUTOUPDATE_OWN_ROOT {file:?}: {error}"))
        }
        None => Vec::new(),
    };
    let folder = std::env::var_os("OUT_DIR").expect("cargo sets it");
    std::fs::write(std::path::Path::new(&folder).join("own.root.json"), root)
        .expect("cargo's folder can be written");
}
