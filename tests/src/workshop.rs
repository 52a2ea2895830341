//! A publisher who types the command line's verbs, and the update server that they publish to.

use std::fs::Permissions;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use protocol::Digest;

use crate::{APP, Answer, binary, here, run};

/// What lets the publisher in; the server knows its SHA-256.
pub const TOKEN: &str = "a long random text, for these tests alone";

/// A publisher with a repository that `autoupdate init` made. The folder is temporary.
#[derive(Debug)]
pub struct Workshop {
    folder: tempfile::TempDir,
}

impl Workshop {
    /// Makes keys and the first root; `more` are further words for `init`.
    ///
    /// # Errors
    /// If `init` does not end well.
    pub fn new(more: &[&str]) -> Result<Self> {
        let workshop = Self { folder: tempfile::tempdir()? };
        private(&workshop.path("token"), TOKEN)?;
        workshop.verb("init", &[&["--app", APP, "--unencrypted"], more].concat())?;
        Ok(workshop)
    }

    /// A path in the publisher's folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The repository's folder.
    #[must_use]
    pub fn repository(&self) -> PathBuf {
        self.path("repository")
    }

    /// Runs `autoupdate VERB REPOSITORY WORDS…`, which must end well. A verb may be two words, as `root draft`.
    ///
    /// # Errors
    /// If it does not: the error shows everything it said.
    pub fn verb(&self, verb: &str, words: &[&str]) -> Result<Answer> {
        let verb: Vec<_> = verb.split(' ').collect();
        self.run(&[&verb[..], &["repository"], words].concat())?.expect(0)
    }

    /// Runs `autoupdate` in the publisher's folder.
    ///
    /// # Errors
    /// If it cannot be started or does not end.
    pub fn run(&self, words: &[&str]) -> Result<Answer> {
        run(Command::new(binary("autoupdate")?).current_dir(&self.folder).arg("--json").args(words))
    }

    /// Drafts bytes as a version; `more` are further words for `add`.
    ///
    /// # Errors
    /// If `add` does not end well.
    pub fn add(&self, version: &str, bytes: &[u8], more: &[&str]) -> Result<()> {
        std::fs::write(self.path(APP), bytes)?;
        let platform = here()?.to_string();
        self.verb("add", &[&[APP, "--version", version, "--platform", &platform], more].concat())?;
        Ok(())
    }

    /// Publishes the draft to a server.
    ///
    /// # Errors
    /// If `publish` does not end well.
    pub fn publish(&self, server: &Server) -> Result<()> {
        self.verb("publish", &[server.url(), "--token-file", "token"])?;
        Ok(())
    }

    /// Adds and publishes in one go.
    ///
    /// # Errors
    /// If one of them does not end well.
    pub fn release(&self, server: &Server, version: &str, bytes: &[u8]) -> Result<()> {
        self.add(version, bytes, &[])?;
        self.publish(server)
    }

    /// Changes who gets a version when, with the server's key.
    ///
    /// # Errors
    /// If `rollout` does not end well.
    pub fn rollout(&self, server: &Server, version: &str, change: &[&str]) -> Result<()> {
        let words = ["--version", version, "--server", server.url(), "--token-file", "token"];
        self.verb("rollout", &[&words, change].concat())?;
        Ok(())
    }

    /// The bytes of the first root.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn root(&self) -> Result<Vec<u8>> {
        Ok(std::fs::read(self.repository().join("public/metadata/1.root.json"))?)
    }
}

/// `autoupdate-server` on loopback, with a folder of its own. Killed with its value.
#[derive(Debug)]
pub struct Server {
    folder: tempfile::TempDir,
    url: String,
    child: Option<Child>,
    /// Further lines of its configuration.
    more: String,
}

impl Server {
    /// An operator gets the root and the online keys of the workshop, and starts a server.
    ///
    /// # Errors
    /// If it does not come to listen.
    pub fn of(workshop: &Workshop) -> Result<Self> {
        Self::with(workshop, "")
    }

    /// The same with further lines of configuration.
    ///
    /// # Errors
    /// If it does not come to listen.
    pub fn with(workshop: &Workshop, more: &str) -> Result<Self> {
        let more = more.to_owned();
        let mut server = Self { folder: tempfile::tempdir()?, more, url: String::new(), child: None };
        let (metadata, keys) =
            (server.path(&format!("data/{APP}/metadata")), server.path(&format!("keys/{APP}")));
        for folder in [&metadata, &keys] {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(metadata.join("1.root.json"), workshop.root()?)?;
        for entry in std::fs::read_dir(workshop.repository().join("keys/online"))? {
            // The modes come along: online keys are 0600.
            let key = entry?.path();
            std::fs::copy(&key, keys.join(key.file_name().unwrap_or_default()))?;
        }
        let token = Digest::of(TOKEN.as_bytes());
        let tokens = format!(
            "[[token]]\nname = \"tests\"\nsha256 = \"{token}\"\napps = [\"{APP}\"]\n\
             may = [\"publish\", \"rollout\"]\n"
        );
        private(&server.path("tokens.toml"), &tokens)?;
        server.configure("127.0.0.1:0")?;
        server.start()?;
        Ok(server)
    }

    /// The URL to publish to and to enrol with.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A path in the server's folder: `data/…`, `keys/…`.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts it again with further lines of configuration.
    ///
    /// # Errors
    /// If it does not come to listen.
    pub fn start_with(&mut self, more: &str) -> Result<()> {
        self.kill()?;
        self.more = more.to_owned();
        self.start_again()
    }

    /// Ends it as a power cut would: with SIGKILL.
    ///
    /// # Errors
    /// If it does not die.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Starts it again at its old address.
    ///
    /// # Errors
    /// If it does not come to listen there.
    pub fn start_again(&mut self) -> Result<()> {
        let address = self.url.strip_prefix("http://").context("the server had an address")?;
        self.configure(address.trim_end_matches('/'))?;
        self.start()
    }

    /// Writes a file that only the server's user may read.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn write_secret(&self, name: &str, text: &str) -> Result<()> {
        private(&self.path(name), text)
    }

    /// Runs the program in the foreground, for starts that are refused.
    ///
    /// # Errors
    /// If it does not end by itself.
    pub fn try_start(&self) -> Result<Answer> {
        run(&mut self.command()?)
    }

    fn configure(&self, listen: &str) -> Result<()> {
        let text = format!(
            "listen = \"{listen}\"\ndata = \"data\"\nkeys = \"keys\"\npublish.tokens = \"tokens.toml\"\n{}\n",
            self.more
        );
        Ok(std::fs::write(self.path("server.toml"), text)?)
    }

    fn command(&self) -> Result<Command> {
        let mut command = Command::new(binary("autoupdate-server")?);
        command.arg("--config").arg(self.path("server.toml"));
        Ok(command)
    }

    fn start(&mut self) -> Result<()> {
        let log = std::fs::File::create(self.path("log"))?;
        let mut command = self.command()?;
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().context("the server")?;
        let out = child.stdout.take().context("its output")?;
        self.child = Some(child);
        let (sender, line) = mpsc::channel();
        std::thread::spawn(move || {
            let mut text = String::new();
            // Whoever waits sees an empty line if it cannot be read.
            BufReader::new(out).read_line(&mut text).ok();
            sender.send(text).ok();
        });
        let line = line.recv_timeout(Duration::from_secs(30)).unwrap_or_default();
        let Some(url) = line.trim().strip_prefix("listening on ") else {
            bail!("the server does not listen: {}", std::fs::read_to_string(self.path("log"))?);
        };
        self.url = format!("{}/", url.trim_end_matches('/'));
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill().ok();
    }
}

fn private(file: &Path, text: &str) -> Result<()> {
    std::fs::write(file, text)?;
    Ok(std::fs::set_permissions(file, Permissions::from_mode(0o600))?)
}
