//! Decisions about lists of releases.

use protocol::{Digest, Os};

use super::*;

/// `(tag, prerelease, [(asset id, name)])`; the id of a release is the sum of its tag's bytes.
type Listed<'a> = (&'a str, bool, &'a [(u64, &'a str)]);

fn release((tag, prerelease, assets): &Listed<'_>) -> Release {
    Release {
        id: tag.bytes().map(u64::from).sum(),
        tag_name: (*tag).to_owned(),
        draft: false,
        prerelease: *prerelease,
        assets: assets.iter().map(|(id, name)| asset(*id, name)).collect(),
    }
}

fn asset(id: u64, name: &str) -> Asset {
    Asset {
        id,
        name: name.to_owned(),
        state: Some("uploaded".to_owned()),
        size: 100,
        digest: None,
        browser_download_url: format!("https://github.com/o/r/{id}"),
    }
}

fn rules(more: &str) -> Github {
    toml::from_str(&format!("app = \"tool\"\nrepository = \"o/r\"\n{more}")).unwrap()
}

/// A repository, and what is known about it here.
struct Room {
    rules: Github,
    state: State,
    listed: BTreeMap<String, Artifact>,
    published: BTreeSet<(Version, Platform)>,
    whole: bool,
}

impl Room {
    fn new(more: &str) -> Self {
        Self {
            rules: rules(more),
            state: State::new("o/r"),
            listed: BTreeMap::new(),
            published: BTreeSet::new(),
            whole: true,
        }
    }

    fn plan(&self, releases: &[Release]) -> Plan {
        plan(&Facts {
            rules: &self.rules,
            names: &Names::new(&self.rules).unwrap(),
            releases,
            whole: self.whole,
            state: &self.state,
            listed: &self.listed,
            published: &self.published,
            now: Timestamp::UNIX_EPOCH,
        })
    }

    /// Remembers all that a plan wants as signed.
    fn take(&mut self, plan: &Plan) {
        for one in plan.wanted.iter().flatten() {
            let digest = Digest::of(one.asset.name.as_bytes());
            let taken = Taken {
                release: one.release,
                tag: one.tag.clone(),
                asset: one.asset.id,
                name: one.asset.name.clone(),
                url: one.asset.browser_download_url.clone(),
                size: one.asset.size,
                digest,
                packing: one.packing,
                sha256: digest,
                channels: one.channels.clone(),
                at: Timestamp::UNIX_EPOCH,
            };
            self.state.taken.insert(one.path.clone(), taken);
            let release = protocol::Release {
                app: self.rules.app.clone(),
                version: one.version.clone(),
                channels: one.channels.clone(),
                os: one.platform.os,
                arch: one.platform.arch,
                min_os: None,
                urgency: protocol::Urgency::Normal,
                notes: BTreeMap::new(),
            };
            let artifact = Artifact { path: one.path.clone(), length: 1, sha256: digest, release };
            self.listed.insert(one.path.clone(), artifact);
        }
    }
}

/// What a plan wants: `version platform channels`.
fn wanted(plan: &Plan) -> Vec<String> {
    let line = |one: &Wanted| {
        let channels: Vec<&str> = one.channels.iter().map(Channel::as_str).collect();
        format!("{} {} {}", one.version, one.platform, channels.join("+"))
    };
    plan.wanted.iter().flatten().map(line).collect()
}

fn alarms(plan: &Plan) -> Vec<(AlarmKind, &str)> {
    plan.alarms.iter().map(|alarm| (alarm.kind, alarm.path.as_str())).collect()
}

const LINUX: &str = "update_linux_amd64.bz2";
const PATH: &str = "releases/1.0.0/linux-x86_64/tool";

#[test]
fn releases_go_to_their_channels_and_drafts_nowhere() {
    let one: &[(u64, &str)] = &[(1, LINUX)];
    let list = [
        ("1.0.0", false, one),
        ("1.1.0", true, one),
        ("1.2.0-beta.1", false, one),
        ("v1.3.0", false, one),
        ("nightly", false, one),
        ("0.9.0", false, one),
        ("1.4.0", false, &[(2, "checksums.txt")][..]),
    ];
    let mut releases: Vec<Release> = list.iter().map(release).collect();
    releases.push(Release { draft: true, ..release(&("2.0.0", false, one)) });
    let check = |more: &str, expected: &[&str]| {
        assert_eq!(wanted(&Room::new(more).plan(&releases)), expected, "{more}");
    };
    check("", &["1.0.0 linux-x86_64 stable", "0.9.0 linux-x86_64 stable"]);
    check("min_version = \"1.0.0\"", &["1.0.0 linux-x86_64 stable"]);
    check("versions = 1", &["1.0.0 linux-x86_64 stable"]);
    check("tag_prefix = \"v\"", &["1.3.0 linux-x86_64 stable"]);
    check(
        "min_version = \"1.0.0\"\nchannels = [\"stable\", \"beta\"]\nprerelease_channels = [\"beta\"]",
        &["1.2.0-beta.1 linux-x86_64 beta", "1.1.0 linux-x86_64 beta", "1.0.0 linux-x86_64 stable+beta"],
    );
    check(
        "channels = []\nprerelease_channels = [\"edge\"]\nversions = 1",
        &["1.2.0-beta.1 linux-x86_64 edge"],
    );
}

#[test]
fn what_could_be_two_is_neither() {
    let list = ("1.0.0", false, &[(1, LINUX), (2, "update_linux_amd64"), (3, "update_linux_arm64")][..]);
    let plan = Room::new("").plan(&[release(&list)]);
    assert_eq!(wanted(&plan), ["1.0.0 linux-aarch64 stable"]);
    assert_eq!(alarms(&plan), [(AlarmKind::Ambiguous, PATH)]);
    assert!(plan.alarms[0].text.contains(LINUX), "{:?}", plan.alarms);
    // Two releases of one version: GitHub has one per tag, but nobody promises that.
    let again = Release { id: 7, ..release(&("1.0.0", false, &[(9, LINUX)])) };
    let plan = Room::new("").plan(&[release(&("1.0.0", false, &[(1, LINUX)])), again]);
    assert_eq!((wanted(&plan).len(), alarms(&plan)), (0, vec![(AlarmKind::Ambiguous, PATH)]));
}

#[test]
fn only_whole_assets_of_a_good_size_are_taken() {
    let mut one =
        release(&("1.0.0", false, &[(1, LINUX), (2, "update_darwin_arm64"), (3, "update_windows_386")]));
    one.assets[0].state = Some("starter".to_owned());
    one.assets[1].size = 0;
    one.assets[2].size = 101;
    let room = Room::new("max_asset = 100");
    let plan = room.plan(&[one.clone()]);
    assert_eq!(wanted(&plan), [""; 0]);
    let reasons: Vec<(u64, Reason)> =
        plan.refused.iter().map(|(id, refused)| (*id, refused.reason)).collect();
    assert_eq!(reasons, [(2, Reason::Empty), (3, Reason::TooLarge)]);
    // They are refused once, as long as they are the same.
    let mut room = room;
    room.state.refused = plan.refused;
    let plan = room.plan(&[one.clone()]);
    assert_eq!((plan.refused.len(), plan.still_refused.len()), (0, 2));
    one.assets[2].size = 100;
    assert_eq!(wanted(&room.plan(&[one])), ["1.0.0 windows-x86 stable"]);
}

#[test]
fn a_signature_that_is_demanded_must_be_there() {
    let key = "minisign_key = \"RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\"";
    let name = format!("{LINUX}.minisig");
    let bare = [release(&("1.0.0", false, &[(1, LINUX)]))];
    let signed = [release(&("1.0.0", false, &[(1, LINUX), (2, &name)]))];
    let mut room = Room::new(key);
    let plan = room.plan(&bare);
    assert_eq!((wanted(&plan).len(), plan.refused[&1].reason), (0, Reason::Unsigned));
    room.state.refused = plan.refused;
    let plan = room.plan(&signed);
    assert_eq!(plan.wanted[0][0].signature.as_ref().unwrap().id, 2);
    // One that did not verify is not tried again; another one is.
    room.state.refused.insert(1, refusal("1.0.0", &bare[0].assets[0], Some(2), Reason::BadSignature));
    assert_eq!(wanted(&room.plan(&signed)).len(), 0);
    let another = release(&("1.0.0", false, &[(1, LINUX), (3, &name)]));
    assert_eq!(wanted(&room.plan(&[another])).len(), 1);
    // Nobody asks: nobody looks.
    assert_eq!(Room::new("").plan(&bare).wanted[0][0].signature, None);
}

#[test]
fn what_is_signed_stays_and_a_change_is_told() {
    let mut room = Room::new("");
    let list = [release(&("1.0.0", false, &[(1, LINUX)])), release(&("1.1.0", false, &[(2, LINUX)]))];
    let plan = room.plan(&list);
    assert_eq!(wanted(&plan), ["1.1.0 linux-x86_64 stable", "1.0.0 linux-x86_64 stable"]);
    room.take(&plan);
    assert_eq!(room.plan(&list), Plan::default(), "nothing is left to do");

    let check = |room: &Room, list: &[Release], expected: &[(AlarmKind, &str)]| {
        let plan = room.plan(list);
        assert_eq!(alarms(&plan), expected, "{list:?}");
        assert_eq!((plan.wanted.len(), plan.promoted.len(), plan.refused.len()), (0, 0, 0), "{list:?}");
    };
    let change = |edit: &dyn Fn(&mut Vec<Release>)| {
        let mut list = list.to_vec();
        edit(&mut list);
        list
    };
    let digest = |content: &str| Some(format!("sha256:{}", Digest::of(content.as_bytes())));
    let swapped = [(AlarmKind::Swapped, PATH)];
    let gone = [(AlarmKind::Withdrawn, PATH)];
    check(&room, &change(&|list| list[0].assets[0].id = 9), &swapped);
    check(&room, &change(&|list| list[0].assets[0].size = 99), &swapped);
    check(&room, &change(&|list| list[0].assets[0].digest = digest("other")), &swapped);
    check(&room, &change(&|list| list[0].assets.clear()), &gone);
    check(&room, &change(&|list| list[0].draft = true), &gone);
    check(&room, &change(&|list| list[0].tag_name = "5.0.0-x".to_owned()), &gone);
    check(&room, &list[1..], &gone);
    // Made again under the same tag.
    check(&room, &change(&|list| (list[0].id, list[0].assets[0].id) = (99, 98)), &swapped);
    // The very same bytes again, by their digest: nothing has changed for anybody.
    let same = change(&|list| {
        list[0].assets[0].id = 9;
        list[0].assets[0].digest = digest(LINUX);
    });
    check(&room, &same, &[]);
    // Prereleases on GitHub that are offered already are taken from nobody.
    check(&room, &change(&|list| list[0].prerelease = true), &[]);

    // Not all pages were read: what is not seen may still be there.
    room.whole = false;
    check(&room, &list[1..], &[]);
    check(&room, &change(&|list| list[0].assets.clear()), &gone);
    room.whole = true;
    // A person knows of it.
    room.rules = rules("acknowledged = [\"1.0.0\"]");
    check(&room, &list[1..], &[]);
    check(&room, &list[..1], &[(AlarmKind::Withdrawn, "releases/1.1.0/linux-x86_64/tool")]);
}

#[test]
fn an_alarm_keeps_its_time() {
    let mut room = Room::new("");
    room.take(&room.plan(&[release(&("1.0.0", false, &[(1, LINUX)]))]));
    let mut plan = room.plan(&[]);
    plan.alarms[0].since = Timestamp::MAX;
    room.state.alarms = plan.alarms.clone();
    assert_eq!(room.plan(&[]).alarms, plan.alarms);
}

#[test]
fn a_prerelease_that_becomes_a_release_is_offered_to_all() {
    let mut room = Room::new("prerelease_channels = [\"beta\"]");
    let list = [release(&("1.0.0", true, &[(1, LINUX)]))];
    room.take(&room.plan(&list));
    let now = [release(&("1.0.0", false, &[(1, LINUX)]))];
    let plan = room.plan(&now);
    assert_eq!(plan.promoted, [(PATH.to_owned(), vec![Channel::default()])]);
    assert_eq!(plan.wanted, [[]; 0]);
    let taken = room.state.taken.get_mut(PATH).unwrap();
    taken.channels.push(Channel::default());
    assert_eq!(room.plan(&now), Plan::default());
}

#[test]
fn what_the_publisher_lists_is_theirs_and_what_was_lost_is_taken_again() {
    let list = [release(&("1.0.0", false, &[(1, LINUX), (2, "update_darwin_arm64")]))];
    let mut room = Room::new("");
    let linux = Platform { os: Os::Linux, arch: protocol::Arch::X86_64 };
    room.published.insert((Version::parse("1.0.0").unwrap(), linux));
    assert_eq!(wanted(&room.plan(&list)), ["1.0.0 macos-aarch64 stable"]);
    room.take(&room.plan(&list));
    room.listed.clear();
    assert_eq!(wanted(&room.plan(&list)), ["1.0.0 macos-aarch64 stable"]);
    // But not as other bytes: those that were signed may be on somebody's disk.
    let other = [release(&("1.0.0", false, &[(2, "update_darwin_arm64")]))];
    let mut other = other;
    other[0].assets[0].id = 5;
    let plan = room.plan(&other);
    assert_eq!((wanted(&plan).len(), plan.alarms[0].kind), (0, AlarmKind::Swapped));
}

#[test]
fn another_asset_under_a_signed_name_stays_an_alarm() {
    let mut room = Room::new("");
    let list = [release(&("1.0.0", false, &[(1, LINUX)]))];
    let refused = refusal("1.0.0", &list[0].assets[0], None, Reason::Conflict);
    room.state.refused.insert(1, refused);
    let plan = room.plan(&list);
    assert_eq!((wanted(&plan).len(), alarms(&plan)), (0, vec![(AlarmKind::Swapped, PATH)]));
}

#[test]
fn what_is_listed_keeps_its_name() {
    let mut room = Room::new("");
    let list = [release(&("1.0.0", false, &[(1, LINUX)]))];
    room.take(&room.plan(&list));
    room.rules = rules("file = \"another\"");
    assert_eq!(room.plan(&list), Plan::default());
    let next = [list[0].clone(), release(&("1.1.0", false, &[(2, LINUX)]))];
    assert_eq!(room.plan(&next).wanted[0][0].path, "releases/1.1.0/linux-x86_64/another");
}
