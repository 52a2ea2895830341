//! One verb on a real place, by one thread and with nothing around it: what the sweeps in `system/install` hit.
//!
//! ```text
//! install-step update PROGRAM NEW VERSION [unchecked]   stage, activate, commit; unchecked: without asking for room
//! install-step roll-back PROGRAM bad|by-person
//! install-step recover PROGRAM                          only what every start does
//! install-step attack NAME TO OWNER                     swaps NAME with OWNER's link to TO, until it is ended
//! ```
//!
//! Standard input is read to its end first, so that many can be let go at once. Exit code 0: done. 3: failed with an error
//! of the installer, `STEP CODE: text` on standard error. 4: an update found its bytes installed already. A program that
//! is looked at before and after, and does not exist, marks the begin and the end of the work in a trace.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use autoupdate::install::RollBackReason;
use autoupdate_tests::sweep::steps::{self, Failed};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut nothing = Vec::new();
    let _ = std::io::stdin().read_to_end(&mut nothing);
    let done = match words[..] {
        ["update", program, new, version] => update(program, new, version, true),
        ["update", program, new, version, "unchecked"] => update(program, new, version, false),
        ["roll-back", program, "bad"] => roll_back(program, RollBackReason::Bad),
        ["roll-back", program, "by-person"] => roll_back(program, RollBackReason::ByPerson),
        ["recover", program] => marked(|| steps::open(Path::new(program)).map(|_| ExitCode::SUCCESS)),
        ["attack", name, to, owner] => attack(Path::new(name), Path::new(to), owner.parse().ok()),
        _ => {
            eprintln!("usage: install-step update|roll-back|recover|attack ...");
            return ExitCode::from(2);
        }
    };
    done.unwrap_or_else(|failed| {
        // Writing may be what fails.
        let _ = writeln!(std::io::stderr(), "{failed}");
        ExitCode::from(3)
    })
}

fn update(program: &str, new: &str, version: &str, checked: bool) -> Result<ExitCode, Failed> {
    let Ok(new) = std::fs::read(new) else {
        eprintln!("install-step: {new} cannot be read");
        return Ok(ExitCode::from(2));
    };
    marked(|| {
        let mut place = steps::open(Path::new(program))?;
        if place.installed().sha256 == protocol::Digest::of(&new) {
            return Ok(ExitCode::from(4));
        }
        if checked {
            steps::prepare(&mut place, &new)?;
        }
        steps::update(&mut place, &new, version)?;
        Ok(ExitCode::SUCCESS)
    })
}

fn roll_back(program: &str, why: RollBackReason) -> Result<ExitCode, Failed> {
    marked(|| {
        let mut place = steps::open(Path::new(program))?;
        steps::roll_back(&mut place, why)?;
        Ok(ExitCode::SUCCESS)
    })
}

fn marked(work: impl FnOnce() -> Result<ExitCode, Failed>) -> Result<ExitCode, Failed> {
    let _ = std::fs::metadata("/install-step/begin");
    let done = work();
    let _ = std::fs::metadata("/install-step/end");
    done
}

/// Whoever this is may be faster or slower than the installer at each step: only that no instant is safe counts.
fn attack(name: &Path, to: &Path, owner: Option<u32>) -> ! {
    let with = |ending: &str| {
        let mut other = name.as_os_str().to_owned();
        other.push(ending);
        other
    };
    let (aside, link) = (with(".aside"), with(".link"));
    let mut pause = 0_u32;
    loop {
        // Now and then the real one stays for long enough that an update comes far.
        pause = (pause * 5 + 1) % 32;
        (0..pause).for_each(|_| std::thread::yield_now());
        // Made aside: it must not be anybody else's for a moment.
        let _ = std::os::unix::fs::symlink(to, &link);
        let _ = std::os::unix::fs::lchown(&link, owner, owner);
        if std::fs::rename(name, &aside).is_ok() {
            let _ = std::fs::rename(&link, name);
            std::thread::yield_now();
            let _ = std::fs::rename(name, &link);
            let _ = std::fs::rename(&aside, name);
        }
    }
}
