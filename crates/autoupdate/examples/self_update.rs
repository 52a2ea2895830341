//! A program that updates itself: `self_update SOURCE_URL ROOT_JSON`. A real program compiles its root in.

use autoupdate::{SelfUpdate, Started, apply_next, confirm, init};

fn main() -> anyhow::Result<()> {
    // First: undo a version that never came as far as `confirm` below.
    if let Started::RolledBack(back) = init() {
        return Ok(back.restart()?);
    }
    println!("running {}", option_env!("SELF_UPDATE_VERSION").unwrap_or("1.0.0"));
    // Here is the program's own start. It works, so this version may stay.
    confirm();
    let arguments: Vec<String> = std::env::args().collect();
    let [_, source, root] = arguments.as_slice() else {
        anyhow::bail!("usage: self_update SOURCE_URL ROOT_JSON")
    };
    match apply_next(&SelfUpdate::new("self-update", source, &std::fs::read(root)?)?)? {
        Some(version) => println!("updated to {version}, which runs at the next start"),
        None => println!("nothing newer"),
    }
    Ok(())
}
