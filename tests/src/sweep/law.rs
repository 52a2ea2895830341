//! What no fault may break, said once for all sweeps.
//!
//! - **I1** The program is at every instant byte for byte an old or a new one, with the permissions and the owner it had.
//! - **I2** The next start ends in a state of rest: nothing in progress, a verified stage that waits, or a version on
//!   probation; and a second start finds nothing more to do.
//! - **I3** Nothing is left over then: every file beside the program is one that will be used.
//! - **I4** Journal and record never claim more than the disk shows; so a later update and a roll back succeed.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use autoupdate::install::{Place, Recovered, RollBackReason};
use protocol::Digest;
use serde_json::Value;

use super::scene::program;
use super::steps;

/// The law of one program.
#[derive(Debug)]
pub struct Law {
    /// Where it is.
    pub program: PathBuf,
    /// What it may be.
    pub may_be: Vec<Vec<u8>>,
    /// Its permissions.
    pub mode: u32,
    /// Its owner and group; `None`: ours.
    pub owner: Option<u32>,
}

impl Law {
    /// What must hold while anything goes on, and after a death: I1, and of I4 what can be seen.
    ///
    /// # Errors
    /// What is broken.
    pub fn at_any_instant(&self) -> Result<()> {
        self.is_whole(&self.may_be).context("I1")?;
        self.claims_are_true().context("I4")
    }

    /// All of it: starts as the next run does, looks, then updates and goes back.
    ///
    /// # Errors
    /// What is broken.
    pub fn after_the_next_start(&self) -> Result<()> {
        self.at_any_instant()?;
        self.after_an_error()
    }

    /// The same after a verb that ended with an error of its own: what it took back, the journal may still announce, because
    /// it could not be written any more. Nothing relies on that; the next start sees what is there.
    ///
    /// # Errors
    /// What is broken.
    pub fn after_an_error(&self) -> Result<()> {
        self.is_whole(&self.may_be).context("I1")?;
        let mut place = self.rests()?;
        if place.probation().is_some() {
            steps::commit(&mut place).context("I4: commit")?;
        }
        let now = fs::read(&self.program)?;
        let later = program("9.0.0");
        steps::update(&mut place, &later, "9.0.0").context("I4: a later update")?;
        self.is_whole(std::slice::from_ref(&later)).context("I1 after a later update")?;
        steps::roll_back(&mut place, RollBackReason::Recalled).context("I4: back from a later update")?;
        self.is_whole(&[now]).context("I1 after going back")?;
        self.nothing_is_left(&place).context("I3 at the end")
    }

    /// I2 and I3.
    fn rests(&self) -> Result<Place> {
        let place = steps::open(&self.program).context("I2: the next start")?;
        match place.recovered() {
            Recovered::Nothing
            | Recovered::Undone
            | Recovered::Finished
            | Recovered::InProbation(_)
            | Recovered::RolledBack(_) => {}
            lost @ (Recovered::Replaced | Recovered::CannotRollBack) => {
                bail!("I2: the start ended in {lost:?}")
            }
        }
        self.at_any_instant().context("after the next start")?;
        drop(place);
        let place = steps::open(&self.program).context("I2: the start after the next")?;
        let still = matches!(place.recovered(), Recovered::Nothing | Recovered::InProbation(_));
        ensure!(still, "I2: the second start still did something: {:?}", place.recovered());
        self.nothing_is_left(&place).context("I3")?;
        Ok(place)
    }

    fn is_whole(&self, may_be: &[Vec<u8>]) -> Result<()> {
        let bytes = fs::read(&self.program).context("the program is missing")?;
        ensure!(may_be.contains(&bytes), "the program is neither old nor new: {} bytes", bytes.len());
        let facts = fs::symlink_metadata(&self.program)?;
        ensure!(facts.is_file(), "the program is no plain file");
        let (mode, owner) = (facts.mode() & 0o7777, (facts.uid(), facts.gid()));
        ensure!(mode == self.mode, "mode {mode:o} instead of {:o}", self.mode);
        let wanted = self.owner.is_none_or(|wanted| owner == (wanted, wanted));
        ensure!(wanted, "owner {owner:?} instead of {:?}", self.owner);
        Ok(())
    }

    fn nothing_is_left(&self, place: &Place) -> Result<()> {
        let beside = names(self.program.parent().context("the program's folder")?)?;
        ensure!(beside == [".app.autoupdate", "app"], "in the program's folder: {beside:?}");
        let mut wanted = vec!["lock"];
        if place.staged().is_some() || place.probation().is_some() {
            wanted.push("journal");
        }
        if place.can_roll_back().is_some() {
            wanted.push("previous");
        }
        if place.staged().is_some() {
            wanted.push("stage");
        }
        let mut found = names(&self.private())?;
        found.retain(|name| name != "record.json");
        wanted.sort_unstable();
        ensure!(found == wanted, "beside the program lies {found:?} instead of {wanted:?}");
        Ok(())
    }

    /// What journal and record say lies there does lie there. Reads the files as they are: no code of the installer
    /// has looked at them yet.
    fn claims_are_true(&self) -> Result<()> {
        let steps = self.journal()?;
        let record = self.record()?;
        let last = steps.last().and_then(|record| record["step"].as_str()).unwrap_or_default();
        let of = |step: &str, what: &str| -> Value {
            let record = steps.iter().rfind(|record| record["step"] == step);
            record.map(|record| record[what]["sha256"].clone()).unwrap_or_default()
        };
        let claim = |good: bool, what: &str| {
            ensure!(good, "the journal ends in `{last}`, but {what}");
            Ok(())
        };
        match last {
            "" | "staged" => {
                if last == "staged" {
                    claim(self.has("stage", &of("staged", "staged")), "the stage is not there")?;
                }
                if !record["previous"].is_null() {
                    let kept = self.has("previous", &record["previous"]["sha256"]);
                    claim(kept, "the previous bytes that the record names are not there")?;
                }
            }
            "activating" => {
                let (from, to) = (of("activating", "from"), of("activating", "to"));
                claim(self.is(&to) || self.has("stage", &to), "the new bytes are nowhere")?;
                let kept = self.is(&from) || self.has("keep", &from) || self.has("previous", &from);
                claim(kept, "the old bytes are nowhere")?;
            }
            "activated" | "started" | "confirmed" | "committing" => {
                claim(self.is(&of("activating", "to")), "the new bytes are not in place")?;
                claim(self.has("previous", &of("activating", "from")), "the old bytes are not kept")?;
            }
            "rolling-back" => {
                let to = of(last, "restored");
                claim(self.is(&to) || self.has("previous", &to), "the previous bytes are nowhere")?;
            }
            other => bail!("an unknown record `{other}`"),
        }
        Ok(())
    }

    /// The record; it is replaced as a whole, so it is never half.
    fn record(&self) -> Result<Value> {
        let Ok(bytes) = fs::read(self.private().join("record.json")) else { return Ok(Value::Null) };
        serde_json::from_slice(&bytes).with_context(|| format!("a record of {} bytes", bytes.len()))
    }

    /// The records of the journal as far as they are whole. It begins as a whole; only its last record may be half.
    fn journal(&self) -> Result<Vec<Value>> {
        let Ok(bytes) = fs::read(self.private().join("journal")) else { return Ok(Vec::new()) };
        let text = String::from_utf8_lossy(&bytes);
        ensure!(
            text.starts_with("autoupdate-journal 1\n"),
            "a journal of {} bytes without its begin",
            bytes.len()
        );
        let whole = text.split_inclusive('\n').skip(1).map_while(|line| {
            let (sum, json) = line.strip_suffix('\n')?.split_once(' ')?;
            Digest::of(json.as_bytes()).to_string().starts_with(sum).then_some(json)
        });
        whole.map(|json| serde_json::from_str(json).context("a record of the journal")).collect()
    }

    fn is(&self, sha256: &Value) -> bool {
        is_file_of(&self.program, sha256)
    }

    fn has(&self, name: &str, sha256: &Value) -> bool {
        is_file_of(&self.private().join(name), sha256)
    }

    fn private(&self) -> PathBuf {
        self.program.with_file_name(".app.autoupdate")
    }
}

fn is_file_of(path: &Path, sha256: &Value) -> bool {
    fs::read(path).is_ok_and(|bytes| sha256.as_str() == Some(Digest::of(&bytes).to_string().as_str()))
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = entries.collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}
