//! What an app in the tray costs: `footprint empty|tray APP SECONDS [BEFORE]`, run by `cargo xtask bench footprint`.
//!
//! The app stands alone on a display and a session bus of its own, with a home of its own. In each state memory is looked at
//! until it stands still; then the processor time of so many seconds is counted, and memory is looked at once more. The
//! last line of the output is the readings, as JSON. BEFORE is an app that stood on the same display before, and has gone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use autoupdate_tests::desktop::{Desktop, TrayApp, children_of};
use autoupdate_tests::{Person, poll_until, program, run};
use protocol::Digest;
use serde::Serialize;

/// The window's title.
const TITLE: &str = "Updates";
/// Looks in a row of which the largest may differ from the smallest by less than a hundredth.
const LOOKS: usize = 8;
/// From one look to the next.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest that memory may take to stand still, and other programs to go.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Libraries of many megabytes: the web view's, and what displays without a graphics card draw with.
const LARGE: &[&str] = &["/libwebkit2gtk-4", "/libjavascriptcoregtk-4", "/libgtk-3", "/libLLVM-"];

/// What one state costs.
#[derive(Debug, Serialize)]
struct Reading {
    state: &'static str,
    /// The larger of the two looks, in KiB, of all processes.
    pss: u64,
    /// Each process of that look with its share, the app first.
    processes: Vec<(String, u64)>,
    /// Processor time, user's and system's, in milliseconds.
    cpu: u64,
    /// How often a thread of theirs gave up the processor to wait: how often something woke one.
    wakes: u64,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (kind, app, seconds, before) = match arguments.as_slice() {
        [kind, app, seconds] => (kind, app, seconds, None),
        [kind, app, seconds, before] => (kind, app, seconds, Some(Path::new(before))),
        _ => bail!("usage: footprint empty|tray APP SECONDS [BEFORE]"),
    };
    let time = Duration::from_secs(seconds.parse()?);
    let readings = measure(kind == "tray", Path::new(app), time, before)?;
    println!("{}", serde_json::to_string(&readings)?);
    Ok(())
}

fn measure(ours: bool, app: &Path, time: Duration, before: Option<&Path>) -> Result<Vec<Reading>> {
    let desktop = Desktop::or_skip("footprint")?.context("there is no desktop to measure on")?;
    let person = Person::unenrolled(&program("1.0.0"))?;
    if ours {
        enrol(&person)?;
    }
    let tray = desktop.tray()?;
    if let Some(before) = before {
        let _runs = TrayApp::start(&mut desktop.command_of(&person, before, &[]))?;
        tray.icon()?;
    }
    let start = |arguments: &[&str]| desktop.command_of(&person, app, arguments);
    let running = TrayApp::start(&mut start(if ours { &["--background"] } else { &[] }))?;
    // Drawn: before its icon stands it is not done.
    let _icon = tray.icon()?;
    let mut readings = vec![reading("never opened", running.pid(), time)?];
    ensure!(desktop.windows(TITLE)? == 0 && running.web_processes() == 0, "a window opened by itself");
    if ours {
        run(&mut start(&[]))?.expect(0)?;
        poll_until("the window", || (desktop.windows(TITLE).ok()? == 1).then_some(()))?;
        poll_until("its page", || (running.web_processes() == 1).then_some(()))?;
        readings.push(reading("open", running.pid(), time)?);
        desktop.close_windows(TITLE)?;
        poll_until("no window", || (desktop.windows(TITLE).ok()? == 0).then_some(()))?;
        readings.push(reading("closed again", running.pid(), time)?);
    }
    Ok(readings)
}

/// One program that nothing is done for by itself, and nobody at its address: at rest, without a network. Written as
/// `autoupdate enrol` leaves it, so that the command need not be built.
fn enrol(person: &Person) -> Result<()> {
    let folder = person.folders().user_apps();
    fs::create_dir_all(&folder)?;
    let root = b"{}";
    fs::write(folder.join("root.json"), root)?;
    let text = format!(
        "id = \"demo\"\nname = \"Demo\"\npath = {:?}\nsources = [\"http://127.0.0.1:9\"]\nmode = \"off\"\n\
         root = {{ file = \"root.json\", sha256 = \"{}\" }}\n",
        person.program(),
        Digest::of(root)
    );
    Ok(fs::write(folder.join("demo.toml"), text)?)
}

fn reading(state: &'static str, app: u32, time: Duration) -> Result<Reading> {
    let before = steady(app)?;
    let (cpu, waits) = spent(app)?;
    pause(time);
    let (cpu_after, waits_after) = spent(app)?;
    let after = alone(app, Instant::now() + PATIENCE)?;
    let processes = if sum(&after) > sum(&before) { after } else { before };
    let pss = sum(&processes);
    // Thread by thread: one that has ended took its count along.
    let more = |(task, count): (&u32, &u64)| count.saturating_sub(waits.get(task).copied().unwrap_or(0));
    let wakes = waits_after.iter().map(more).sum();
    Ok(Reading { state, pss, processes, cpu: cpu_after.saturating_sub(cpu), wakes })
}

/// A look of which the last few differ by less than a hundredth.
fn steady(app: u32) -> Result<Vec<(String, u64)>> {
    let end = Instant::now() + PATIENCE;
    let mut sums = Vec::new();
    loop {
        let look = alone(app, end)?;
        sums.push(sum(&look));
        let last = sums.iter().rev().take(LOOKS);
        let (least, most) = (last.clone().min(), last.max());
        if let (Some(least), Some(most)) = (least, most)
            && sums.len() >= LOOKS
            && (most - least) * 100 < *most
        {
            return Ok(look);
        }
        ensure!(Instant::now() < end, "memory does not stand still: {sums:?} KiB");
        pause(PAUSE);
    }
}

/// A look while nobody else on this machine has the large libraries in memory: pages that are shared count by shares, so that
/// everybody else who uses them would make the app look smaller.
fn alone(app: u32, end: Instant) -> Result<Vec<(String, u64)>> {
    loop {
        let before = strangers()?;
        let look = look(app)?;
        if before.is_empty() && strangers()?.is_empty() {
            return Ok(look);
        }
        ensure!(Instant::now() < end, "other processes share memory with the app: {before:?}; end them");
        pause(PAUSE);
    }
}

/// The app's processes and how much memory each has (PSS: pages of its own, and its share of those that are shared).
fn look(app: u32) -> Result<Vec<(String, u64)>> {
    let mut found = Vec::new();
    for pid in family(app) {
        let Ok(maps) = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")) else { continue };
        let pss = maps.lines().find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix(" kB"));
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        found.push((name.trim().to_owned(), pss.context("no Pss in smaps_rollup")?.trim().parse()?));
    }
    ensure!(!found.is_empty(), "the app has ended");
    Ok(found)
}

fn sum(look: &[(String, u64)]) -> u64 {
    look.iter().map(|(_, pss)| pss).sum()
}

/// Processor time in milliseconds, with that of processes which have ended and were waited for; and the waits of each thread.
fn spent(app: u32) -> Result<(u64, BTreeMap<u32, u64>)> {
    let (mut ticks, mut waits) = (0, BTreeMap::new());
    for pid in family(app) {
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        // After the name, which may hold anything: utime, stime, cutime and cstime are the fields 14 to 17.
        let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
        let four = fields.split_whitespace().skip(11).take(4).map(str::parse::<u64>);
        ticks += four.sum::<Result<u64, _>>()?;
        for task in fs::read_dir(format!("/proc/{pid}/task"))?.flatten() {
            let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
            let value = |key: &str| {
                status.lines().find_map(|line| line.strip_prefix(key)?.trim().parse::<u64>().ok())
            };
            if let (Some(id), Some(count)) = (value("Pid:"), value("voluntary_ctxt_switches:")) {
                waits.insert(u32::try_from(id)?, count);
            }
        }
    }
    // Linux tells them in hundredths of a second, whatever it counts in.
    Ok((ticks * 10, waits))
}

/// The app and all that it started.
fn family(app: u32) -> Vec<u32> {
    [app].into_iter().chain(children_of(app)).collect()
}

/// Who has these libraries in memory and was not started by this program. Our own display, which draws with one of them, is
/// the same for every app.
fn strangers() -> Result<Vec<u32>> {
    let ours = family(std::process::id());
    let pids = fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let shares = |pid: &u32| {
        let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
        LARGE.iter().any(|library| maps.contains(library))
    };
    Ok(pids.filter(|pid| !ours.contains(pid)).filter(shares).collect())
}

fn pause(time: Duration) {
    let end = Instant::now() + time;
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        std::thread::park_timeout(left);
    }
}
