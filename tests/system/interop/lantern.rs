//! An old Lantern client updates itself from our server: by a patch, by the whole, by a pin; and keeps what it has where the key, the
//! patch or the bytes are wrong.
//!
//! `tests/interop/lantern` is that client: a program in Go that calls Lantern's own library as Lantern calls it. The library is not
//! modified; its module proxy names no versions of it, but gives the one that `go.mod` names.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use autoupdate_tests::{APP, Answer, Noise, Server, Workshop, here, poll_until, run, run_within, skip};
use protocol::Digest;

const KEY: &str = include_str!("../../../crates/server/fixtures/lantern/pkcs8.pem");
const PUBLIC_KEY: &str = include_str!("../../../crates/server/fixtures/lantern/public.pem");
/// For building the client from nothing, on a machine that does other things too.
const BUILD: Duration = Duration::from_secs(600);
/// The client's program as its publisher has it, in two versions, and the server that has both.
struct Field {
    folder: tempfile::TempDir,
    server: Server,
    one: &'static [u8],
    pinned: Vec<u8>,
    two: &'static [u8],
}

/// An old client on somebody's disk.
struct Client<'a> {
    field: &'a Field,
    program: PathBuf,
}

/// The client in two versions, built once. None: there is no Go here.
fn builds() -> Result<Option<&'static [Vec<u8>; 2]>> {
    static BUILDS: OnceLock<Result<[Vec<u8>; 2], String>> = OnceLock::new();
    if Command::new("go").arg("version").output().is_err() {
        return Ok(None);
    }
    let both = || {
        let folder = tempfile::tempdir()?;
        Ok([build(folder.path(), "1.0.0")?, build(folder.path(), "2.0.0")?])
    };
    let built = BUILDS.get_or_init(|| both().map_err(|error: anyhow::Error| format!("{error:#}")));
    built.as_ref().map(Some).map_err(|error| anyhow!("the client cannot be built: {error}"))
}

fn build(folder: &Path, version: &str) -> Result<Vec<u8>> {
    let program = folder.join(version);
    let mut go = Command::new("go");
    go.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/lantern"));
    go.env("CGO_ENABLED", "0").env("GOFLAGS", "-mod=readonly -buildvcs=false").env("GOTOOLCHAIN", "local");
    go.args(["build", "-trimpath", "-ldflags", &format!("-X main.version={version}"), "-o"]);
    run_within(go.arg(&program).arg("."), BUILD)?.expect(0)?;
    Ok(std::fs::read(program)?)
}

impl Field {
    fn new(name: &str) -> Result<Option<Self>> {
        let Some([one, two]) = builds()? else {
            skip(name, "there is no Go toolchain (Debian package golang-go)")?;
            return Ok(None);
        };
        let folder = tempfile::tempdir()?;
        // What follows an executable does not keep it from running.
        let pinned = [one, &b"pinned"[..]].concat();
        let workshop = Workshop::new(&[])?;
        let mut server = Server::of(&workshop)?;
        server.write_secret("lantern.pem", KEY)?;
        std::fs::write(server.path("public.pem"), PUBLIC_KEY)?;
        // Only what old clients read is made.
        let more = format!(
            "[patches]\nformats = []\n[lantern]\nkey = \"lantern.pem\"\npublic_url = \"{}\"\nunnamed = \"old\"\n[lantern.apps.old]\n\
             app = \"{APP}\"\n[lantern.apps.pinned]\napp = \"{APP}\"\n\
             pins = [{{ os = \"linux\", below = \"999.0.0\", version = \"1.5.0\" }}]\n",
            server.url()
        );
        server.start_with(&more)?;
        for (version, bytes) in [("1.0.0", one), ("1.5.0", &pinned), ("2.0.0", two)] {
            workshop.release(&server, version, bytes)?;
        }
        std::fs::write(workshop.path(APP), package())?;
        workshop.verb("add", &[APP, "--version", "2.0.0", "--platform", "android-arm"])?;
        workshop.publish(&server)?;
        Ok(Some(Self { folder, server, one, pinned, two }))
    }

    fn client(&self, bytes: &[u8]) -> Result<Client<'_>> {
        use std::os::unix::fs::PermissionsExt as _;
        let home = self.folder.path().join("home");
        std::fs::create_dir_all(&home)?;
        let program = home.join("client");
        std::fs::write(&program, bytes)?;
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
        Ok(Client { field: self, program })
    }

    /// The file of the patch between two artifacts, once it is there.
    fn patch(&self, base: &[u8], artifact: &[u8]) -> Result<PathBuf> {
        let (base, artifact) = (Digest::of(base), Digest::of(artifact));
        let file = self.server.path(&format!("data/{APP}/patches/{artifact}/{base}.bsdiff40"));
        poll_until("the patch is made", || file.exists().then_some(()))?;
        Ok(file)
    }
}

impl Client<'_> {
    fn run(&self, words: &[&str]) -> Result<Answer> {
        run(Command::new(&self.program).args(words))
    }

    /// Asks for the next update once.
    fn next(&self, path: &str, key: &Path) -> Result<Answer> {
        let url = format!("{}{path}", self.field.server.url());
        self.run(&["next", &url, key.to_str().context("a temporary path is Unicode")?])
    }

    /// A check with the key that is built into real clients, and what is installed after it.
    fn updates(&self, path: &str, said: &str, installed: &[u8]) -> Result<()> {
        let answer = self.next(path, &self.field.server.path("public.pem"))?;
        let found = said_last(&answer);
        ensure!(found == said, "{path}: {found}, not {said}: {}", answer.err);
        ensure!(std::fs::read(&self.program)? == installed, "{path}: other bytes are installed");
        let home = self.program.parent().context("a program has a folder")?;
        ensure!(std::fs::read_dir(home)?.count() == 1, "something is left over");
        Ok(())
    }

    /// A check that must come to nothing, for a reason that the library gives.
    fn refuses(&self, path: &str, key: &Path, reason: &str) -> Result<()> {
        let before = std::fs::read(&self.program)?;
        let answer = self.next(path, key)?;
        ensure!(said_last(&answer) == "refused" && answer.err.contains(reason), "{answer:?}");
        ensure!(std::fs::read(&self.program)? == before, "something else is installed");
        Ok(())
    }
}

/// What came of it.
fn said_last(answer: &Answer) -> &str {
    answer.out.lines().last().unwrap_or_default()
}

/// A package, as hard to compress as a real one.
fn package() -> Vec<u8> {
    let mut noise = Noise::new(7);
    (0..40_000).flat_map(|_| noise.next().to_le_bytes()).collect()
}

#[test]
fn updates_itself_by_a_patch_by_the_whole_and_by_a_pin() -> Result<()> {
    let name = "interop::lantern::updates_itself_by_a_patch_by_the_whole_and_by_a_pin";
    let Some(field) = Field::new(name)? else { return Ok(()) };
    let patch = field.patch(field.one, field.two)?;
    ensure!(patch.metadata()?.len() * 100 < field.two.len() as u64, "the patch is no gain");
    for path in ["update", "update/old"] {
        let client = field.client(field.one)?;
        client.updates(path, "updated 2.0.0 by patch", field.two)?;
        ensure!(client.run(&["version"])?.out.trim() == "2.0.0", "the new version does not run");
        client.updates(path, "current", field.two)?;
    }
    // Nobody knows these bytes.
    let own = [field.one, b"built at home"].concat();
    field.client(&own)?.updates("update", "updated 2.0.0 by whole", field.two)?;
    // Systems such as this one have a pin there. Its patch is made when the first client asks, at the latest.
    field.client(field.one)?.next("update/pinned", &field.server.path("public.pem"))?;
    field.patch(field.one, &field.pinned)?;
    field.client(field.one)?.updates("update/pinned", "updated 1.5.0 by patch", &field.pinned)?;
    field.client(field.two)?.updates("update/pinned", "current", field.two)
}

#[test]
fn other_readers_of_bsdiff40_get_the_same_from_our_patch() -> Result<()> {
    let name = "interop::lantern::other_readers_of_bsdiff40_get_the_same_from_our_patch";
    let Some(field) = Field::new(name)? else { return Ok(()) };
    let patch = field.patch(field.one, field.two)?;
    let client = field.client(field.one)?;
    let result = field.folder.path().join("result");
    let [old, patch, new] =
        [&client.program, &patch, &result].map(|path| path.to_string_lossy().into_owned());
    client.run(&["apply", &old, &patch, &new])?.expect(0)?;
    ensure!(std::fs::read(&result)? == field.two, "the client's reader");
    std::fs::remove_file(&result)?;
    if Command::new("bspatch").output().is_err() {
        return skip(name, "there is no bspatch (Debian package bsdiff)");
    }
    run(Command::new("bspatch").args([&old, &new, &patch]))?.expect(0)?;
    ensure!(std::fs::read(&result)? == field.two, "Debian's bspatch");
    Ok(())
}

#[test]
fn keeps_what_it_has_where_something_is_wrong() -> Result<()> {
    let name = "interop::lantern::keeps_what_it_has_where_something_is_wrong";
    let Some(field) = Field::new(name)? else { return Ok(()) };
    let patch = field.patch(field.one, field.two)?;
    // Another key than the one that signed.
    let client = field.client(field.one)?;
    let other = field.folder.path().join("other.pem");
    std::fs::write(&other, include_str!("../../../crates/server/fixtures/lantern/other-public.pem"))?;
    client.refuses("update", &other, "Failed to validate message: crypto/rsa: verification error")?;

    // A patch to other bytes: the whole is taken.
    let mut bytes = std::fs::read(&patch)?;
    // In the middle of the second block: the lengths of the first two stand in the header.
    let length = |at: usize| Ok::<_, anyhow::Error>(u64::from_le_bytes(bytes[at..at + 8].try_into()?));
    let middle = usize::try_from(32 + length(8)? + length(16)? / 2)?;
    bytes[middle] ^= 1;
    std::fs::write(&patch, bytes)?;
    client.updates("update", "updated 2.0.0 by whole", field.two)?;

    // And the whole is wrong, too.
    let artifact = Digest::of(field.two);
    let target =
        field.server.path(&format!("data/{APP}/targets/releases/2.0.0/{}/{artifact}.{APP}", here()?));
    let mut bytes = field.two.to_vec();
    bytes[4096] ^= 1;
    std::fs::write(target, bytes)?;
    let client = field.client(field.one)?;
    client.refuses("update", &field.server.path("public.pem"), "Updated file has wrong checksum")
}

#[test]
fn a_package_for_android_unpacks_to_what_was_published() -> Result<()> {
    let name = "interop::lantern::a_package_for_android_unpacks_to_what_was_published";
    let Some(field) = Field::new(name)? else { return Ok(()) };
    let client = field.client(field.one)?;
    let (url, file) = (format!("{}update", field.server.url()), field.folder.path().join("package"));
    let key = field.server.path("public.pem");
    let words = [&key, &file].map(|path| path.to_string_lossy().into_owned());
    let said = poll_until("the package is packed", || {
        let answer = client.run(&["package", &url, &words[0], &words[1]]).ok()?;
        let said = answer.out.lines().last()?.to_owned();
        (said != "current").then_some(said)
    })?;
    ensure!(said.starts_with("fetched ") && said.ends_with(".bz2"), "{said}");
    ensure!(std::fs::read(&file)? == package(), "other bytes");
    Ok(())
}
