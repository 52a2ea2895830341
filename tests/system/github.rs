//! From a release on GitHub to the program on a person's disk: publisher, server and person with their real programs.

use anyhow::{Context, Result};
use autoupdate_tests::{APP, Host, Person, Server, Workshop, here, poll_until, program};
use protocol::Digest;
use serde_json::{Value, json};

const PROBE: &str = r#"health = { probe = ["--version"] }"#;

/// A repository as GitHub shows it, on a host that knows nothing of ETags, pages or limits.
struct Github {
    site: tempfile::TempDir,
    host: Host,
    releases: Vec<Value>,
}

impl Github {
    fn new() -> Result<Self> {
        let site = tempfile::tempdir()?;
        std::fs::create_dir_all(site.path().join("repos/owner/tool"))?;
        let host = Host::serve(site.path())?;
        let mut github = Self { site, host, releases: Vec::new() };
        github.list()?;
        Ok(github)
    }

    /// Releases a program as everybody does: a tag, and an asset for this system.
    fn release(&mut self, version: &str, bytes: &[u8]) -> Result<()> {
        let platform = here()?;
        let name = format!("update_{}_{}", platform.os.go_name(), platform.arch.go_name());
        let place = format!("owner/tool/releases/download/{version}/{name}");
        let file = self.site.path().join(&place);
        std::fs::create_dir_all(file.parent().context("it has a folder")?)?;
        std::fs::write(file, bytes)?;
        let id = self.releases.len() + 1;
        let asset = json!({
            "id": id, "name": name, "state": "uploaded", "size": bytes.len(),
            "digest": format!("sha256:{}", Digest::of(bytes)),
            "browser_download_url": format!("{}{place}", self.host.url()),
        });
        self.releases.insert(0, json!({ "id": id, "tag_name": version, "assets": [asset] }));
        self.list()
    }

    fn list(&mut self) -> Result<()> {
        let (new, file) = (self.site.path().join("new"), self.site.path().join("repos/owner/tool/releases"));
        std::fs::write(&new, serde_json::to_vec(&self.releases)?)?;
        Ok(std::fs::rename(new, file)?)
    }
}

#[test]
fn a_release_on_github_reaches_the_program_as_a_patch() -> Result<()> {
    let workshop = Workshop::new(&["--with-ingest"])?;
    let mut server = Server::of(&workshop)?;
    workshop.publish(&server).context("an empty list")?;
    let mut github = Github::new()?;
    github.release("1.0.0", &program("1.0.0"))?;
    server.start_with(&format!(
        "ingest_accepted = \"whoever takes over this server may publish until targets revokes it\"\n\
         [[github]]\napp = \"{APP}\"\nrepository = \"owner/tool\"\napi = \"{}\"\ninterval = \"1s\"",
        github.host.url()
    ))?;
    let person = Person::enrolled(&program("1.0.0"), &workshop.root()?, server.url(), PROBE)?;
    let asks = |wanted: &str| {
        poll_until(wanted, || {
            let answer = person.run(&["check", APP, "--force"]).ok()?.json().ok()?;
            (answer["answer"] == wanted).then_some(answer)
        })
    };
    asks("up-to-date")?;
    github.release("2.0.0", &program("2.0.0"))?;
    assert_eq!(asks("offered")?["offer"]["version"], "2.0.0");
    let report = person.run(&["apply", APP])?.expect(0)?.json()?["report"].take();
    assert_eq!(person.installed()?, program("2.0.0"));
    assert_eq!(report["route"]["way"], "patch", "{report}");

    // A halt holds back what came from GitHub as it does what was published.
    github.release("3.0.0", &program("3.0.0"))?;
    asks("offered")?;
    workshop.rollout(&server, "3.0.0", &["--halt"])?;
    let halted = person.run(&["check", APP])?.expect(3)?.json()?;
    assert_eq!(halted["reason"]["reason"], "halted", "{halted}");
    Ok(())
}
