//! What the tests of this crate share: short ways to make the nouns.

use jiff::Timestamp;
use protocol::{AppId, Artifact, Channel, Digest, Platform, Release, Urgency, Version};
use trust::{Crypto, Freshness, Stored};

use crate::enrolments::Enrolled;
use crate::error::{Actor, Phase};
use crate::policy::Offer;
use crate::store::{Program, Settings};
use crate::view::{Failure, Owner};

pub(crate) fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

pub(crate) fn app() -> AppId {
    AppId::parse("demo").unwrap()
}

pub(crate) fn linux() -> Platform {
    Platform::parse("linux-x86_64").unwrap()
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The time of most tests.
pub(crate) fn noon() -> Timestamp {
    time("2030-06-01T12:00:00Z")
}

/// App demo, enrolled by a person.
pub(crate) fn enrolled() -> Enrolled {
    let text = format!(
        "id = \"demo\"\nname = \"Demo\"\npath = \"/opt/demo/demo\"\nsources = [\"https://updates.example.org/\"]\n\
         root = {{ file = \"root.json\", sha256 = \"{}\" }}\n",
        Digest::of(b"root")
    );
    let enrolment = protocol::Enrolment::parse(&text, false).unwrap();
    Enrolled { enrolment, owner: Owner::User, file: "/home/x/.config/autoupdate/apps.d/demo.toml".into() }
}

/// What is set for a program of which nobody has set anything.
pub(crate) fn program() -> Program {
    Settings::default().program(&enrolled())
}

/// An artifact of 1,000 bytes in the stable channel. Its digest is that of its version.
pub(crate) fn artifact(text: &str) -> Artifact {
    Artifact {
        path: format!("releases/{text}/linux-x86_64/demo"),
        length: 1000,
        sha256: Digest::of(text.as_bytes()),
        release: Release {
            app: app(),
            version: version(text),
            channels: vec![Channel::default()],
            os: linux().os,
            arch: linux().arch,
            min_os: None,
            urgency: Urgency::Normal,
            notes: Default::default(),
        },
    }
}

pub(crate) fn offer(text: &str) -> Offer {
    Offer {
        artifact: artifact(text),
        from: Some(version("1.0.0")),
        needs_consent: false,
        repair: false,
        ways: None,
    }
}

pub(crate) fn failure(code: &str, phase: Phase, actor: Actor) -> Failure {
    Failure { code: code.to_owned(), phase, actor, retry: true, text: "why".to_owned() }
}

/// Proof of freshness can only be had by verifying something: here the golden repository of the trust room, which is valid
/// until 2099.
pub(crate) fn freshness(now: Timestamp) -> Freshness {
    let stored = Stored::default();
    let file = |bytes: &'static [u8]| bytes;
    let pinned = file(include_bytes!("../../trust/fixtures/v1/1.root.json"));
    let mut roots = trust::begin(Crypto::ed25519().unwrap(), pinned, &stored, now).unwrap();
    roots.received(file(include_bytes!("../../trust/fixtures/v1/2.root.json"))).unwrap();
    let timestamp = file(include_bytes!("../../trust/fixtures/v1/timestamp.json"));
    let (stage, _) = roots.finish().unwrap().received(timestamp).unwrap();
    let (stage, _) = stage.received(file(include_bytes!("../../trust/fixtures/v1/1.snapshot.json"))).unwrap();
    let (verified, _) =
        stage.received(file(include_bytes!("../../trust/fixtures/v1/1.targets.json"))).unwrap();
    verified.freshness()
}
