//! A publisher and an operator: keys, repositories, releases, and the configuration of a server.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::files;
use super::program::{Program, Release};
use super::server::Server;
use crate::command;
use crate::sha256;

/// The longest that the server may take to make a patch ahead.
const PATCH_LIMIT: Duration = Duration::from_secs(5 * 60);

/// What protects the keys of the demo. Nobody will ever use them again.
const PASSPHRASE: &str = "shown in the demo";

/// What lets the publisher upload. The server knows only its SHA-256.
const TOKEN: &str = "the demo's publish token";

/// Whoever publishes, and whoever runs the server.
pub(super) struct Publisher {
    autoupdate: PathBuf,
    folder: PathBuf,
}

impl Publisher {
    /// Two people with empty desks.
    pub(super) fn new(autoupdate: &Path, folder: &Path) -> Result<Self> {
        for part in ["publisher", "server/data", "server/keys"] {
            files::private_folder(&folder.join(part))?;
        }
        let publisher = Self { autoupdate: autoupdate.to_path_buf(), folder: folder.to_path_buf() };
        private_file(&publisher.passphrase(), PASSPHRASE)?;
        private_file(&publisher.token(), TOKEN)?;
        Ok(publisher)
    }

    /// Makes an app's keys, root and repository, and hands the online keys and the root to the server.
    pub(super) fn found(&self, id: &str) -> Result<()> {
        self.run("init", id, |command| {
            command.args(["--app", id]).arg("--passphrase-file").arg(self.passphrase());
            command.arg("--online-passphrase-file").arg(self.passphrase());
        })?;
        let server = self.folder.join("server");
        let online = self.repository(id).join("keys/online");
        fs::rename(online, server.join("keys").join(id)).context("handing the online keys to the server")?;
        let metadata = server.join("data").join(id).join("metadata");
        files::private_folder(&metadata)?;
        fs::copy(self.root(id), metadata.join("1.root.json")).context("handing the root to the server")?;
        Ok(())
    }

    /// The first root of an app, as it is given to users with the program.
    pub(super) fn root(&self, id: &str) -> PathBuf {
        self.repository(id).join("public/metadata/1.root.json")
    }

    /// Writes the server's configuration.
    pub(super) fn configure_server(&self) -> Result<PathBuf> {
        let server = self.folder.join("server");
        private_file(&server.join("passphrase"), PASSPHRASE)?;
        let digest = sha256::of_bytes(TOKEN.as_bytes());
        let tokens = format!(
            "[[token]]\nname = \"demo\"\nsha256 = \"{digest}\"\napps = [{}]\nmay = [\"publish\"]\n",
            self.apps()?.join(", ")
        );
        private_file(&server.join("tokens.toml"), &tokens)?;
        let file = server.join("autoupdate-server.toml");
        // Everybody here knows the newest format.
        let text = "listen = \"127.0.0.1:0\"\ndata = \"data\"\nkeys = \"keys\"\n\
                    keys_passphrase_file = \"passphrase\"\n\n\
                    [log]\nformat = \"json\"\n\n[publish]\ntokens = \"tokens.toml\"\n\n\
                    [patches]\nformats = [\"rt1\"]\n";
        fs::write(&file, text)?;
        Ok(file)
    }

    /// Publishes both releases of a program, and waits until the server has made the patch between them.
    pub(super) fn release(&self, program: &Program, server: &Server) -> Result<()> {
        for release in [&program.from, &program.to] {
            self.add(program, release)?;
        }
        self.run("publish", program.id, |command| {
            command.arg(&server.url).arg("--token-file").arg(self.token());
            command.arg("--passphrase-file").arg(self.passphrase());
        })?;
        let published = Instant::now();
        self.wait_for_patch(program)?;
        println!("  {}: the server made its patch in {:.1} s", program.id, published.elapsed().as_secs_f64());
        Ok(())
    }

    fn add(&self, program: &Program, release: &Release) -> Result<()> {
        let notes = self.folder.join("publisher").join(format!("{}-{}.md", program.id, release.version));
        fs::write(&notes, format!("# {} {}\n\nPublished by the demo.\n", program.id, release.version))?;
        self.run("add", program.id, |command| {
            command.arg(&release.file).args(["--version", release.version, "--platform", "linux-x86_64"]);
            command.arg("--notes").arg(format!("en={}", notes.display()));
        })
    }

    fn wait_for_patch(&self, program: &Program) -> Result<()> {
        let (base, artifact) = (sha256::of_file(&program.from.file)?, sha256::of_file(&program.to.file)?);
        let patches = self.folder.join("server/data").join(program.id).join("patches").join(artifact);
        let deadline = Instant::now() + PATCH_LIMIT;
        while !fs::read_to_string(patches.join("index.json")).is_ok_and(|index| index.contains(&base)) {
            if Instant::now() >= deadline {
                bail!("the server makes no patch for {}", program.id);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn run(&self, verb: &str, id: &str, more: impl FnOnce(&mut Command)) -> Result<()> {
        let mut command = Command::new(&self.autoupdate);
        command.arg(verb).arg(self.repository(id));
        more(&mut command);
        command::output(&mut command)?;
        Ok(())
    }

    fn repository(&self, id: &str) -> PathBuf {
        self.folder.join("publisher").join(id)
    }

    fn apps(&self) -> Result<Vec<String>> {
        let keys = fs::read_dir(self.folder.join("server/keys"))?;
        keys.map(|entry| Ok(format!("{:?}", entry?.file_name().to_string_lossy()))).collect()
    }

    fn passphrase(&self) -> PathBuf {
        self.folder.join("publisher/passphrase")
    }

    fn token(&self) -> PathBuf {
        self.folder.join("publisher/token")
    }
}

fn private_file(file: &Path, text: &str) -> Result<()> {
    let mut opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    opened.write_all(text.as_bytes()).with_context(|| file.display().to_string())
}
