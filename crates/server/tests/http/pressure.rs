//! Crowds and full disks: they cost what they must, and nothing else.

use std::process::Command;
use std::time::Instant;

use reqwest::Method;
use tokio::net::TcpStream;

use crate::process::{PROGRAM, Process};
use crate::stage::{APP, PATIENCE, Stage, client, edited, noise, patch, target};

/// The connections of a crowd, and the memory that each may cost while it says nothing, in bytes.
const CROWD: usize = 10_000;
const EACH: usize = 16 << 10;

/// The resident memory of a process in bytes.
fn memory(pid: u32) -> usize {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

/// As many files as the system lets this process open.
fn raise_file_limit() -> u64 {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    limit.maximum.unwrap_or(u64::MAX)
}

#[tokio::test]
async fn ten_thousand_idle_connections_cost_little_and_keep_nobody_out() {
    let files = raise_file_limit();
    assert!(files > CROWD as u64 + 1000, "this system allows {files} open files");
    let stage = Stage::new();
    let more =
        "limits.connections = 20000\nlimits.connections_per_address = 20000\nlimits.header_timeout = \"5m\"";
    let server = Process::start(&stage, more);
    let metric = async || {
        let url = format!("http://{}/metrics", server.address);
        let text = client().get(url).send().await.unwrap().text().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("autoupdate_connections "));
        line.unwrap().parse::<usize>().unwrap()
    };
    let (before, begun) = (memory(server.id()), Instant::now());
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        crowd.push(TcpStream::connect(&server.address).await.unwrap());
    }
    while metric().await < CROWD {
        assert!(begun.elapsed() < PATIENCE, "they are not taken");
    }
    let each = memory(server.id()).saturating_sub(before) / CROWD;
    assert!(each <= EACH, "{each} bytes for each connection");
    println!("{CROWD} idle connections: {each} bytes each");
    let root = format!("http://{}/apps/{APP}/metadata/1.root.json", server.address);
    assert_eq!(client().get(root).send().await.unwrap().status(), 200);
    // A crowd keeps nobody from stopping it, either.
    server.signal("-TERM");
    assert_eq!(server.exit_code(), Some(0));
}

/// The server sees a disk of 24 MB of its own at its data folder, full but for some kilobytes.
const ON_A_FULL_DISK: &str = r#"
mkdir "$1-before" && cp -a "$1/." "$1-before/" || exit 9
mount -t tmpfs -o size=24m tmpfs "$1" || exit 9
cp -a "$1-before/." "$1/"
head -c $(( $(df --output=avail -B1 "$1" | tail -1) - 200000 )) /dev/zero > "$1/.filler"
shift
exec "$@"
"#;

#[tokio::test]
async fn a_full_disk_costs_patches_and_publications_and_nothing_else() {
    if !rustix::process::geteuid().is_root() {
        println!("SKIP a-full-disk: only root can mount a disk of its own");
        return;
    }
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0").await;
    let old = noise(1, 3_000_000);
    // Nothing of the second half comes from the first: the patch is longer than what is free.
    let mut new = edited(&old);
    new.extend(noise(2, 1_000_000));
    let (first, second) =
        (stage.publish(&server, "1.0.0", &old).await, stage.publish(&server, "1.1.0", &new).await);
    server.stop().await;

    let data = stage.path("data");
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", ON_A_FULL_DISK, "sh"]).arg(&data).arg(PROGRAM);
    let config = stage.config_text("patches.bases = 0");
    let server = Process::start_by(command, &stage, "server", &config);
    let url = |object: &str| format!("http://{}/apps/{APP}/{object}", server.address);
    let get = async |object: &str| client().get(url(object)).send().await.unwrap();
    let name = patch(&second, &first, "rt1");
    let begun = Instant::now();
    while get(&name).await.status() == 202 {
        assert!(begun.elapsed() < PATIENCE, "the patch neither comes nor fails");
    }
    assert_eq!(get(&name).await.status(), 404, "clients take the whole artifact");
    assert_eq!(get(&target(&second)).await.bytes().await.unwrap(), new);
    assert_eq!(get("metadata/timestamp.json").await.status(), 200);
    // An upload is refused as the server's fault, for now; nothing half stays.
    let content = noise(5, 2_000_000);
    let upload = client().request(Method::PUT, url(&format!("objects/{}", protocol::Digest::of(&content))));
    let answer = upload.bearer_auth(crate::stage::TOKEN).body(content).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    let inside = format!("/proc/{}/root{}/.incoming/{APP}", server.id(), data.display());
    assert_eq!(std::fs::read_dir(&inside).unwrap().count(), 0, "{inside}");
    server.signal("-TERM");
    assert_eq!(server.exit_code(), Some(0));
}
