use std::fs;

use super::*;
use crate::testing;

fn load(machine: Option<&str>, person: Option<&str>) -> Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = |name, text: Option<&str>| {
        let path = folder.path().join(name);
        if let Some(text) = text {
            fs::write(&path, text).unwrap();
        }
        path
    };
    let (machine, person) = (file("machine.toml", machine), file("person.toml", person));
    let result = Settings::load(&machine, &person);
    result.map_err(|error| error.to_string().replace(folder.path().to_str().unwrap(), "").replace('\\', "/"))
}

fn setting(settings: &Settings, app: Option<&AppId>, key: Key) -> (String, SetBy, Option<usize>) {
    let shown = settings.shown_one(app, key);
    let line = shown.place.map(|place| place.rsplit(':').next().unwrap().parse().unwrap());
    (shown.value, shown.by, line)
}

#[test]
fn the_administrator_wins_and_every_value_knows_its_line() {
    let settings = load(
        Some("\ncheck_every = \"1h\"\n[app.demo]\nchannel = \"stable\"\n"),
        Some("check_every = \"8h\"\npatch_memory_mib = 64\nmode = \"ask\"\n[app.demo]\nmode = \"off\"\nchannel = \"beta\"\n"),
    )
    .unwrap();
    let check = |app: Option<&AppId>, key, value: &str, by, line| {
        assert_eq!(setting(&settings, app, key), (value.to_owned(), by, line), "{key:?}");
    };
    let demo = testing::app();
    check(None, Key::CheckEvery, "1h", SetBy::Administrator, Some(2));
    check(None, Key::PatchMemoryMib, "64", SetBy::Person, Some(2));
    check(None, Key::Proxy, "system", SetBy::Default, None);
    check(None, Key::Mode, "ask", SetBy::Person, Some(3));
    check(Some(&demo), Key::Mode, "off", SetBy::Person, Some(5));
    check(Some(&demo), Key::Channel, "stable", SetBy::Administrator, Some(4));
    assert_eq!((settings.check_every(), settings.patch_memory()), (Duration::from_secs(3600), 64 << 20));
    assert!(settings.is_locked(Some(&demo), Key::Channel) && !settings.is_locked(Some(&demo), Key::Mode));
    assert_eq!(load(None, None).unwrap().check_every(), Duration::from_secs(4 * 3600));
}

#[test]
fn a_program_has_what_is_set_for_it_and_else_what_its_enrolment_says() {
    let enrolled = testing::enrolled();
    let program = |machine, person| load(machine, person).unwrap().program(&enrolled);
    let plain = program(None, None);
    assert_eq!(
        (plain.mode, plain.turned_off, &plain.channel),
        (enrolled.enrolment.mode, false, &enrolled.enrolment.channel)
    );
    assert_eq!((plain.metered, plain.wait_on_battery, plain.defer_days), (Metered::Small, true, 0));
    assert_eq!(plain.sources, enrolled.enrolment.sources);

    let person = "metered = \"wait\"\nbattery = \"ignore\"\nquiet_hours = \"22:00-07:00\"\n[app.demo]\npin = \"1.2.3\"\nquiet_hours = \"none\"\n";
    let set = program(None, Some(person));
    assert_eq!((set.metered, set.wait_on_battery, set.quiet_hours), (Metered::Wait, false, None));
    assert_eq!(set.pin, Some((Version::parse("1.2.3").unwrap(), SetBy::Person)));

    let machine = "mode = \"off\"\ndefer_days = 7\nallowed_hours = \"01:00-05:00\"\n[app.demo]\nsources = [\"https://mirror.example/\"]\n";
    let locked = program(Some(machine), Some("[app.demo]\nmode = \"automatic\"\n"));
    assert_eq!((locked.mode, locked.turned_off, locked.defer_days), (Mode::Off, true, 7));
    assert_eq!(locked.sources.len(), 1);
    assert_eq!(locked.sources[0].to_string(), "https://mirror.example/");
    assert_eq!(locked.allowed_hours, Some(Hours::parse("01:00-05:00").unwrap()));
    // A person who turns checks off can still ask by hand.
    assert!(!program(None, Some("mode = \"off\"")).turned_off);
}

#[test]
fn a_proxy_and_its_exceptions() {
    let settings = load(None, Some("proxy = \"http://u:secret@p.corp:3128\"\nno_proxy = \".corp\"")).unwrap();
    let Proxy::Set { url, except } = settings.proxy() else { panic!("{settings:?}") };
    assert_eq!((url.to_string().as_str(), except.as_str()), ("http://p.corp:3128/", ".corp"));
    let shown = settings.shown(&Enrolments::default());
    assert!(!format!("{shown:?}").contains("secret"), "{shown:?}");
    assert_eq!(load(Some("proxy = \"off\""), Some("proxy = \"system\"")).unwrap().proxy(), Proxy::Off);
}

#[test]
fn the_golden_files_are_read() {
    let settings = load(None, Some(include_str!("../../../fixtures/v1/settings.toml"))).unwrap();
    let Proxy::Set { url, except } = settings.proxy() else { panic!("{settings:?}") };
    assert_eq!(
        (url.to_string().as_str(), except.as_str()),
        ("http://proxy.example.org:3128/", ".example.org")
    );
    assert_eq!((settings.check_every(), settings.patch_memory()), (Duration::from_secs(4 * 3600), 64 << 20));
    let person = load(None, Some(include_str!("../../../fixtures/v1/settings-person.toml"))).unwrap();
    let program = person.program(&testing::enrolled());
    assert_eq!(
        (program.mode, program.metered, program.wait_on_battery),
        (Mode::Automatic, Metered::Allow, false)
    );
    assert_eq!((program.quiet_hours, person.language()), (None, Some("fa")));
    let policy = load(Some(include_str!("../../../fixtures/v1/settings-machine.toml")), None).unwrap();
    let program = policy.program(&testing::enrolled());
    assert_eq!((program.defer_days, program.turned_off), (7, false));
    assert_eq!(program.pin, Some((Version::parse("7.1.0").unwrap(), SetBy::Administrator)));
}

#[test]
fn errors_name_file_line_and_key() {
    for (text, expected) in [
        ("\nproxi = \"off\"", "/person.toml:2: key `proxi`: there is no such setting"),
        ("proxy = 7", "/person.toml:1: key `proxy`: it must be a text"),
        (
            "proxy = \"socks5://x\"",
            "/person.toml:1: key `proxy`: it must be \"system\", \"off\" or an http:// or https:// URL",
        ),
        (
            "\n\ncheck_every = \"1s\"",
            "/person.toml:3: key `check_every`: it must be a time from \"15m\" to \"168h\"",
        ),
        (
            "patch_memory_mib = -1",
            "/person.toml:1: key `patch_memory_mib`: it must be a number from 16 to 4096",
        ),
        (
            "no_proxy = \"x\"",
            "/person.toml:1: key `no_proxy`: it needs `proxy` to be a URL; with \"system\" set NO_PROXY",
        ),
        ("defer_days = 7", "/person.toml:1: key `defer_days`: only the administrator can set it"),
        (
            "pin = \"1.0.0\"",
            "/person.toml:1: key `pin`: it is about one program: set it in its table, such as [app.lantern]",
        ),
        (
            "[app.demo]\nproxy = \"off\"",
            "/person.toml:2: key `app.demo.proxy`: it is about the updater and no program: set it at the top",
        ),
        (
            "[app.demo]\nquiet_hours = \"22-7\"",
            "/person.toml:2: key `app.demo.quiet_hours`: it must be two times such as \"22:00-07:00\", or \"none\"",
        ),
        ("[app.\"De mo\"]\nmode = \"off\"", "/person.toml:1: key `app.De mo`: it is no id of a program"),
        (
            "app = 1",
            "/person.toml:1: key `app`: it must hold a table for each program, such as [app.lantern]",
        ),
    ] {
        assert_eq!(load(None, Some(text)), Err(expected.to_owned()));
    }
    let broken = load(None, Some("proxy = \"off\"\nproxy")).unwrap_err();
    assert!(broken.starts_with("/person.toml:2: key ``: "), "{broken}");
}

#[test]
fn one_line_is_changed_and_the_rest_stays_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    let demo = testing::app();
    let check = |app: Option<&AppId>, key, to: Option<&str>, expected: &str| {
        set(&path, app, key, to).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    };
    check(None, Key::Look, Some("dark"), "look = \"dark\"\n");
    fs::write(&path, "# mine\nlook = \"dark\" # at night\n").unwrap();
    check(None, Key::Look, Some("light"), "# mine\nlook = \"light\" # at night\n");
    check(
        Some(&demo),
        Key::Mode,
        Some("ask"),
        "# mine\nlook = \"light\" # at night\n\n[app.demo]\nmode = \"ask\"\n",
    );
    check(
        None,
        Key::PatchMemoryMib,
        Some("64"),
        "# mine\nlook = \"light\" # at night\npatch_memory_mib = 64\n\n[app.demo]\nmode = \"ask\"\n",
    );
    check(
        Some(&demo),
        Key::Mode,
        None,
        "# mine\nlook = \"light\" # at night\npatch_memory_mib = 64\n\n[app.demo]\n",
    );
    // Taking away what is not there changes nothing.
    check(
        Some(&demo),
        Key::Pin,
        None,
        "# mine\nlook = \"light\" # at night\npatch_memory_mib = 64\n\n[app.demo]\n",
    );
}

#[test]
fn nothing_wrong_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    let demo = testing::app();
    let refused = |app: Option<&AppId>, key, to: &str| {
        let before = fs::read(&path).ok();
        set(&path, app, key, Some(to)).unwrap_err();
        assert_eq!(fs::read(&path).ok(), before);
    };
    refused(None, Key::Look, "blue");
    refused(None, Key::Pin, "1.0.0");
    refused(Some(&demo), Key::Proxy, "off");
    refused(None, Key::DeferDays, "7");
    refused(Some(&demo), Key::Pin, "one\" \nmode = \"off");
    fs::write(&path, "look = 7\n").unwrap();
    refused(None, Key::Look, "dark");
}
