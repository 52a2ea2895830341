//! What others made before under a name that is about to be ours.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use autoupdate_tests::sweep::{Ended, Scenario, Scene, fast_folder};

use super::STRANGER;

#[test]
fn what_others_made_before_is_refused_or_replaced() -> Result<()> {
    if super::no_strangers("made-before")? {
        return Ok(());
    }
    let scenario = Scenario::NEXT;
    let state = scenario.prepared()?;
    let private = |scene: &Scene| scene.apps().join(".app.autoupdate");
    // A whole private folder of theirs.
    let scene = Scene::from(&Scenario::FIRST.prepared()?, &scenario)?;
    fs::create_dir(private(&scene))?;
    fs::set_permissions(private(&scene), Permissions::from_mode(0o700))?;
    chown(private(&scene), Some(STRANGER), Some(STRANGER))?;
    let ended = Ended::of(&scenario.words(&scene), false, &[])?;
    ensure!(ended.said.starts_with("open E-FILE-PRIVATE"), "{}", ended.said);
    ensure!(scene.holds("1.0.0")? && fs::read_dir(private(&scene))?.next().is_none(), "something was done");
    // A file of theirs under each name that is about to be ours.
    for name in ["stage", "keep", "journal.new", "record.json.new"] {
        for linked in [fs::hard_link::<PathBuf, PathBuf>, symlink::<PathBuf, PathBuf>] {
            let scene = Scene::from(&state, &scenario)?;
            let outside = tempfile::tempdir_in(fast_folder())?;
            let victim = outside.path().join("theirs");
            fs::write(&victim, name)?;
            chown(&victim, Some(STRANGER), Some(STRANGER))?;
            linked(victim.clone(), private(&scene).join(name))?;
            // Not the change time: a second name changes it, and so does the end of that name.
            let facts = || -> Result<_> {
                let facts = fs::metadata(&victim)?;
                Ok((fs::read(&victim)?, facts.mode(), facts.uid(), facts.mtime_nsec()))
            };
            let before = facts()?;
            let ended = Ended::of(&scenario.words(&scene), false, &[])?;
            ensure!(ended.did_or_said_why()?, "{name}: {}", ended.said);
            ensure!(facts()? == before, "{name}: the file behind it was changed");
            scenario.law(&scene).after_the_next_start().with_context(|| name.to_owned())?;
        }
    }
    Ok(())
}
