//! Whatever is said to the app from its page or by a second start is refused or harmless: it goes on, and installs nothing.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use anyhow::{Context, Result, ensure};
use autoupdate_tests::desktop::Desktop;
use autoupdate_tests::{Host, Noise, Person, Publisher, program, run};
use serde_json::{Value, json};

/// Nothing happens by itself, so whatever is seen was asked for.
const BY_HAND: &str = "mode = \"off\"\nhealth = { probe = [\"--version\"] }";

const CARD: &str = "[data-app=demo]";

/// What the page may ask, with its arguments. Not `open_log`, which takes none and starts whatever shows files here.
const COMMANDS: &[(&str, &[&str])] = &[
    ("next", &["seen"]),
    ("act", &["app", "act"]),
    ("check_all", &[]),
    ("notes", &["app"]),
    ("start_at_login", &["on"]),
    ("settings", &[]),
    ("set", &["app", "key", "value"]),
    ("history", &[]),
    ("examine", &["app"]),
    ("pause", &["span"]),
    ("pick", &["app", "version"]),
    ("diagnostics", &[]),
    ("export_diagnostics", &[]),
];

/// Rounds through all commands.
const ROUNDS: usize = 25;

/// Anything that JSON can say, and words that mean something somewhere. Nothing that would rightly put a version in place.
fn anything(noise: &mut Noise) -> Value {
    let deep = (0..200).fold(json!(null), |inner, _| json!([inner]));
    let all = json!([
        null, true, false, 0, -1, 0.5, 1e308, 9_007_199_254_740_993_u64, u64::MAX, "", "demo", "demo", "demo", "Demo", "../demo",
        "demo\n", "demo\u{0}", "\u{202e}omed", "nobody", "check", "skip", "hold", "release", "repair", "roll-back", "force", "full",
        "cancel", "at-quit ", "Install", "mode", "pin", "channel", "quiet_hours", "proxy", "look", "language", "sources", "no_proxy",
        "off", "ask", "none", "dark", "fa", "system", "22:00-07:00", "http://127.0.0.1:1/", "x\"\nmode = \"automatic\"", "2.0.0", "9.9.9",
        "1.0.0", "99999999999999999999.0.0", "day", "week", "until-resumed", "resume", "9999-12-31T23:59:59Z", "x".repeat(40_000),
        [], {}, ["demo"], { "app": "demo" }, { "__proto__": { "app": "demo" } }, deep
    ]);
    let all = all.as_array().cloned().unwrap_or_default();
    all[usize::try_from(noise.next()).unwrap_or_default() % all.len()].clone()
}

/// Arguments of a command: its own, one that it does not have, and now and then one too few or no object at all.
fn arguments(noise: &mut Noise, names: &[&str]) -> Value {
    if noise.next().is_multiple_of(16) {
        return anything(noise);
    }
    let mut given = serde_json::Map::new();
    for name in names.iter().chain(&["path"]) {
        if !noise.next().is_multiple_of(12) {
            given.insert((*name).to_owned(), anything(noise));
        }
    }
    given.into()
}

/// Gives all of it, one after the other, and counts what was done and what was refused.
const ASK: &str = "
    const counted = {};
    for (const [command, given_to] of given) {
        const count = (counted[command] ??= { done: 0, refused: 0 });
        try { await window.__TAURI_INTERNALS__.invoke(command, given_to); count.done += 1; } catch { count.refused += 1; }
    }
    return counted;";

#[test]
fn whatever_the_page_asks_is_refused_or_harmless() -> Result<()> {
    let test = "desktop::fuzz::whatever_the_page_asks_is_refused_or_harmless";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::enrolled(&program("1.0.0"), &publisher.root()?, &host.url(), BY_HAND)?;
    let window = desktop.window(&person)?;
    window.says(CARD, "Not checked by itself")?;
    let mut noise = Noise::new(7);
    for _ in 0..ROUNDS {
        let asks: Vec<Value> =
            COMMANDS.iter().map(|(name, names)| json!([name, arguments(&mut noise, names)])).collect();
        let counted = window.run(ASK, &json!(asks)).with_context(|| format!("{asks:?}"))?;
        ensure!(counted["done"].as_object().is_some_and(|all| all.len() == COMMANDS.len()), "{counted}");
    }
    assert_eq!(person.installed()?, program("1.0.0"));
    // The file can be read still: every change reads it before and after.
    for (value, expected) in [(json!("light"), "done"), (Value::Null, "done"), (json!("pink"), "refused")] {
        let answer = window.invoke("set", &json!({ "app": null, "key": "look", "value": value }))?;
        ensure!(answer.get(expected).is_some(), "{value}: {answer}");
    }
    window.invoke("pause", &json!({ "span": null }))?;
    window.invoke("act", &json!({ "app": "demo", "act": "force" }))?;
    window.has(&format!("{CARD} [data-act]"))?;
    assert_eq!(desktop.windows("Updates")?, 1);
    Ok(())
}

/// Each makes a list of arguments one that is refused, wherever it stands.
const POISON: &[&str] = &[
    "--install-now",
    "apply",
    "demo",
    "autoupdate://apply/demo",
    "autoupdate:?act=install",
    "-i",
    "-",
    "--background=true",
    "--take-over=demo",
    "--source=https://example.org/",
    "--root=/etc/passwd",
    "--purge",
    "--no-sandbox",
    "--app=https://example.org/",
    "--remote-debugging-port=9222",
    "@/etc/passwd",
    "file:///etc/passwd",
    "",
    " ",
    "\n--install",
    "\u{202e}llatsni--",
    "%u",
    "$(id)",
    "--prefix",
    "--\u{0441}heck",
];
/// What stands beside it.
const BESIDE: &[&str] = &["--background", "--take-over", "--install", "--prefix=/nowhere"];

#[test]
fn a_second_start_with_odd_arguments_starts_and_installs_nothing() -> Result<()> {
    let test = "desktop::fuzz::a_second_start_with_odd_arguments_starts_and_installs_nothing";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::enrolled(&program("1.0.0"), &publisher.root()?, &host.url(), BY_HAND)?;
    let tray = desktop.tray()?;
    let mut first = desktop.log_in(&person)?;
    let icon = tray.icon()?;
    icon.click("Check now")?;
    icon.says("Demo 2.0.0 is available")?;
    icon.click("Install")?;
    icon.says("Demo 2.0.0 is ready")?;
    let before = person.everything()?;

    let bytes: Vec<OsString> = [&b"\xff"[..], b"--\xc3", b"--prefix=\xff\xfe", b"autoupdate://\x80"]
        .map(OsStr::from_bytes)
        .map(Into::into)
        .into();
    let long = OsString::from("x".repeat(100_000));
    let poison: Vec<OsString> = POISON.iter().map(OsString::from).chain(bytes).chain([long]).collect();
    let mut noise = Noise::new(11);
    for bad in poison {
        let mut arguments: Vec<OsString> = (0..noise.next() % 3)
            .map(|_| BESIDE[usize::try_from(noise.next()).unwrap_or_default() % BESIDE.len()].into())
            .collect();
        let at = usize::try_from(noise.next()).unwrap_or_default() % (arguments.len() + 1);
        arguments.insert(at, bad);
        let answer = run(desktop.command(&person, &[])?.args(&arguments))?;
        ensure!(matches!(answer.code, Some(1 | 2)), "{arguments:?}: {answer:?}");
        ensure!(answer.out.is_empty() && !answer.err.contains("panicked"), "{arguments:?}: {answer:?}");
    }
    // No program of its own is enrolled that could be replaced.
    let alone = run(&mut desktop.command(&person, &["--take-over"])?)?;
    ensure!(alone.code == Some(1), "{alone:?}");

    assert_eq!(person.installed()?, program("1.0.0"));
    let after = person.everything()?;
    let new: Vec<_> = after.iter().filter(|path| !before.contains(path)).collect();
    ensure!(new.iter().all(|path| path.starts_with(person.folders().state)), "{new:?}");
    assert_eq!(desktop.windows("Updates")?, 0);
    icon.says("Demo 2.0.0 is ready")?;
    ensure!(first.runs()?);
    Ok(())
}
