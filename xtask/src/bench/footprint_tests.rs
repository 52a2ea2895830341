use super::*;
use std::path::Path;

fn reading(state: &str, pss: u64, cpu: u64, names: &[&str]) -> Reading {
    let processes = names.iter().map(|name| ((*name).to_owned(), 1)).collect();
    Reading { state: state.to_owned(), pss, processes, cpu, wakes: 0 }
}

fn check(never: (u64, u64), closed: (u64, &[&str]), seconds: u64, expected: &[bool]) {
    let empty = reading("never opened", 10_000, 0, &["empty-tray"]);
    let tray = [
        reading("never opened", never.0, never.1, &["autoupdate-tray"]),
        reading("closed again", closed.0, 0, closed.1),
    ];
    let met: Vec<bool> = judge(&empty, &tray, seconds).unwrap().iter().map(|goal| goal.met).collect();
    assert_eq!(met, expected);
}

#[test]
fn goals_are_met_up_to_their_last_unit() {
    check((11_500, 100), (14_500, &["WebKitNetworkPr"]), WHOLE, &[true, true, true, true]);
    check((11_501, 101), (14_501, &["WebKitWebProces"]), WHOLE, &[false, false, false, false]);
    // Processor time is judged for the whole time alone.
    check((11_500, 101), (14_500, &[]), WHOLE - 1, &[true, true, true]);
}

#[test]
fn what_is_written_is_never_better_than_what_is_judged() {
    let empty = reading("never opened", 10_000, 0, &[]);
    assert_eq!(hundredths(share(&reading("open", 11_501, 0, &[]), &empty)), "1.16");
    assert_eq!(hundredths(share(&reading("open", 11_500, 0, &[]), &empty)), "1.15");
    assert_eq!((mebibytes(1024), mebibytes(1025)), ("1.0".to_owned(), "1.1".to_owned()));
}

/// What both apps have in common must be the same thing, or the comparison is none.
#[test]
fn the_empty_app_is_built_as_ours_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let read = |file: &str| fs::read_to_string(root.join(file)).unwrap();
    let section = |text: &str, begin: &str| {
        let lines = text.lines().skip_while(|line| !line.starts_with(begin));
        lines.take_while(|line| !line.is_empty()).map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    let (ours, empty) = (read("Cargo.toml"), read(EMPTY));
    assert!(section(&ours, "[profile.release]").len() > 1);
    assert_eq!(section(&ours, "[profile.release]"), section(&empty, "[profile.release]"));
    let tauri = |text: &str| text.lines().find(|line| line.starts_with("tauri = ")).map(ToOwned::to_owned);
    assert_eq!(tauri(&ours), tauri(&empty));
    let (ours, empty) = (read("Cargo.lock"), read("xtask/bench/empty-tray/Cargo.lock"));
    for name in ["tauri", "tauri-runtime-wry", "wry", "tao", "tray-icon", "muda", "gtk", "webkit2gtk"] {
        let begin = format!("name = \"{name}\"");
        assert_eq!(section(&ours, &begin).get(1), section(&empty, &begin).get(1), "{name}");
    }
}
