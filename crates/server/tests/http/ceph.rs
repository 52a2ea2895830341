//! A real S3-compatible store: Ceph's monitor, object store and RADOS gateway, on free ports of this machine.
//!
//! One for all tests of an executable, because a start takes many seconds; each test takes a folder of its own in the
//! bucket. Everything ends with the test process, however that ends: each daemon is the child of a shell that reads a pipe
//! from us, and kills it when the pipe closes.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::signer::Signer as _;

/// The longest that one command of Ceph, or one start of a daemon, may take.
const PATIENCE: Duration = Duration::from_secs(120);
const BUCKET: &str = "releases";
const ACCESS: &str = "testaccess";
const SECRET: &str = "testsecret1234567890";
/// Programs and the Debian packages that they come with.
const PROGRAMS: [(&str, &str); 4] = [
    ("ceph-mon", "ceph-mon"),
    ("ceph-osd", "ceph-osd"),
    ("radosgw", "radosgw"),
    ("ceph", "ceph-common, which radosgw brings"),
];

/// Ends its child when the pipe closes, and is gone only when the child is.
const KEEPER: &str = r#"trap "" INT TERM HUP
"$@" </dev/null & child=$!
cat >/dev/null
kill -9 $child
wait $child
exit 0"#;

/// Takes the folder away when the daemons are gone.
const SWEEPER: &str = r#"trap "" INT TERM HUP
cat >/dev/null
for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    rm -rf "$1" && [ ! -e "$1" ] && exit 0
    sleep 0.2
done"#;

/// A running store.
pub(crate) struct Ceph {
    folder: PathBuf,
    gateway: SocketAddr,
    _keepers: Vec<Keeper>,
}

struct Keeper {
    /// Closed when this process ends.
    _pipe: ChildStdin,
    child: Child,
}

/// The store of this test process; None after a line that says so, if its programs are missing.
pub(crate) fn ceph(test: &str) -> Option<&'static Ceph> {
    static ONE: OnceLock<Ceph> = OnceLock::new();
    for (program, package) in PROGRAMS {
        if !exists(program) {
            println!("SKIP {test}: the program {program} is missing (Debian package {package})");
            return None;
        }
    }
    Some(ONE.get_or_init(|| Ceph::start().unwrap_or_else(|error| panic!("Ceph does not start: {error}"))))
}

fn exists(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

impl Ceph {
    /// The sections of a server's configuration for a folder of the bucket that nobody else uses. Writes the key files there.
    pub(crate) fn configuration(&self, folder: &Path, prefix: &str) -> String {
        for (name, text) in [("s3-access", ACCESS), ("s3-secret", SECRET)] {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            private(&path);
        }
        format!(
            "store = \"s3://{BUCKET}/{prefix}\"\ns3.endpoint = \"http://{}\"\ns3.access_key_file = \"s3-access\"\n\
             s3.secret_key_file = \"s3-secret\"\n",
            self.gateway
        )
    }

    /// A folder of the bucket that nobody else uses.
    pub(crate) fn prefix(name: &str) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        format!("{name}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
    }

    fn start() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("autoupdate-ceph-").tempdir()?.keep();
        let sweeper = Keeper::start(SWEEPER, &[folder.as_os_str()], &folder.join("sweeper.log"))?;
        let (monitor, gateway) = (free_port()?, free_port()?);
        for part in ["mon", "osd", "rgw", "run", "log"] {
            std::fs::create_dir_all(folder.join(part))?;
        }
        let id = uuid()?;
        std::fs::write(folder.join("ceph.conf"), configuration(&folder, &id, monitor, gateway))?;
        let run = |program: &str, arguments: &[&str]| run(&folder, program, arguments);
        let map = folder.join("monmap").display().to_string();
        let address = format!("[v1:{monitor}]");
        run("monmaptool", &["--create", "--clobber", "--fsid", &id, "--addv", "a", &address, &map])?;
        run("ceph-mon", &["-i", "a", "--mkfs", "--monmap", &map])?;
        let mut keepers = vec![daemon(&folder, "ceph-mon", &["-i", "a"])?];
        until("the monitor", || run("ceph", &["--connect-timeout", "5", "mon", "stat"]))?;
        let osd = uuid()?;
        // A monitor that answers does not do everything yet; all of these may be said again.
        until("a place for the object store", || run("ceph", &["osd", "new", &osd]))?;
        run("ceph-osd", &["-i", "0", "--mkfs", "--osd-uuid", &osd])?;
        let add = ["osd", "crush", "add", "osd.0", "1.0", "host=h", "root=default"];
        until("a place for the object store", || run("ceph", &add))?;
        keepers.push(daemon(&folder, "ceph-osd", &["-i", "0"])?);
        until("the object store", || {
            let text = run("ceph", &["osd", "stat"])?;
            if text.contains("1 up") { Ok(text) } else { Err(io::Error::other(text)) }
        })?;
        let user = ["user", "create", "--uid=test", "--display-name=test"];
        let keys = [format!("--access-key={ACCESS}"), format!("--secret={SECRET}")];
        run("radosgw-admin", &[&user[..], &[keys[0].as_str(), keys[1].as_str()]].concat())?;
        keepers.push(daemon(&folder, "radosgw", &["-n", "client.rgw.a"])?);
        until("the gateway", || TcpStream::connect_timeout(&gateway, Duration::from_secs(1)))?;
        // Last, so that it is dropped last, and sweeps what the others leave.
        keepers.push(sweeper);
        let ceph = Self { folder, gateway, _keepers: keepers };
        ceph.make_bucket()?;
        Ok(ceph)
    }

    /// A client of the bucket that is no server's.
    pub(crate) fn client(&self) -> AmazonS3 {
        let _ = rustls::crypto::ring::default_provider().install_default();
        AmazonS3Builder::new()
            .with_endpoint(format!("http://{}", self.gateway))
            .with_allow_http(true)
            .with_region("us-east-1")
            .with_bucket_name(BUCKET)
            .with_access_key_id(ACCESS)
            .with_secret_access_key(SECRET)
            .build()
            .unwrap()
    }

    /// Makes the bucket. The client of the server never does, so the request is signed by it and sent by another.
    fn make_bucket(&self) -> io::Result<()> {
        let client = self.client();
        let asking = async move {
            let root = object_store::path::Path::default();
            let url = client.signed_url(axum::http::Method::PUT, &root, PATIENCE).await;
            let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build();
            let answer = client.map_err(io::Error::other)?.put(url.map_err(io::Error::other)?).send().await;
            answer.and_then(reqwest::Response::error_for_status).map_err(io::Error::other)
        };
        // A thread of its own: the test that starts us may be on a runtime.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let asked = std::thread::spawn(move || runtime.block_on(asking).map(drop)).join();
        asked
            .map_err(|_| io::Error::other("making the bucket panicked"))?
            .map_err(|error| io::Error::other(format!("{error}; the log is below {}", self.folder.display())))
    }
}

impl Keeper {
    fn start(script: &str, arguments: &[&std::ffi::OsStr], log: &Path) -> io::Result<Self> {
        let log = std::fs::File::create(log)?;
        let mut child = Command::new("sh")
            .args(["-c", script, "keeper"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let pipe = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self { _pipe: pipe, child })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // Only where the start failed: else this lives as long as the process. The pipe is closed after this, so it is killed
        // together with its child by number.
        let pid = self.child.id().to_string();
        let _ = Command::new("pkill").args(["-KILL", "-P", &pid]).status();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A daemon in the foreground of its keeper.
fn daemon(folder: &Path, program: &str, arguments: &[&str]) -> io::Result<Keeper> {
    let conf = folder.join("ceph.conf");
    let mut all = vec![program.as_ref(), "-f".as_ref(), "-c".as_ref(), conf.as_os_str()];
    all.extend(arguments.iter().map(std::ffi::OsStr::new));
    Keeper::start(KEEPER, &all, &folder.join(format!("log/{program}.out")))
}

/// Runs a command to its end, or kills it when it takes too long: without a monitor they wait for minutes.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> io::Result<String> {
    let out = folder.join(format!("log/{program}.command"));
    let file = std::fs::File::create(&out)?;
    let mut child = Command::new(program)
        .env("CEPH_CONF", folder.join("ceph.conf"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .spawn()?;
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if begun.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Err(io::Error::other(format!("{program} {arguments:?} does not end")));
        }
        pause();
    };
    let text = String::from_utf8_lossy(&std::fs::read(&out)?).into_owned();
    if status.success() {
        Ok(text)
    } else {
        Err(io::Error::other(format!("{program} {arguments:?}: {text}")))
    }
}

fn until<T>(what: &str, mut there: impl FnMut() -> io::Result<T>) -> io::Result<()> {
    let begun = Instant::now();
    loop {
        match there() {
            Ok(_) => return Ok(()),
            Err(error) if begun.elapsed() > PATIENCE => {
                return Err(io::Error::other(format!("{what} does not come up: {error}")));
            }
            Err(_) => pause(),
        }
    }
}

/// Between two looks at a process that says nothing when it is ready.
fn pause() {
    std::thread::park_timeout(Duration::from_millis(50));
}

fn free_port() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

fn uuid() -> io::Result<String> {
    Ok(std::fs::read_to_string("/proc/sys/kernel/random/uuid")?.trim().to_owned())
}

fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn configuration(folder: &Path, id: &str, monitor: SocketAddr, gateway: SocketAddr) -> String {
    let at = folder.display();
    format!(
        "[global]
fsid = {id}
mon_host = [v1:{monitor}]
ms_bind_msgr2 = false
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
run_dir = {at}/run
admin_socket = {at}/run/$name.$pid.asok
pid_file = {at}/run/$name.pid
log_file = {at}/log/$name.log
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_data_avail_crit = 1
mon_data_avail_warn = 1
[mon.a]
mon_data = {at}/mon
[osd]
osd_data = {at}/osd
osd_objectstore = bluestore
bluestore_block_size = 10737418240
bluestore_block_wal_create = false
bluestore_block_db_create = false
osd_memory_target = 939524096
osd_mclock_skip_benchmark = true
osd_crush_update_on_start = false
osd_class_update_on_start = false
[client]
rgw_data = {at}/rgw
rgw_rados_pool_pg_num_min = 1
rgw_enable_usage_log = false
rgw_run_sync_thread = false
rgw_dns_name = localhost
[client.rgw.a]
rgw_frontends = beast endpoint={gateway} tcp_nodelay=1
"
    )
}
