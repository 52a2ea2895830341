//! Enrolments as people write them, and as they are kept.

use super::*;

const SHORT: &str = r#"
id = "lantern"
name = "Lantern"
path = "/opt/lantern/lantern"
sources = ["https://updates.example.org"]
root = { file = "root.json", sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }
"#;

fn check(change: impl Fn(&str) -> String, machine_owned: bool) -> Result<Enrolment, String> {
    Enrolment::parse(&change(SHORT), machine_owned).map_err(|error| error.to_string())
}

#[test]
fn a_short_file_means_the_defaults() {
    let app = check(str::to_owned, false).unwrap();
    assert_eq!(app.mode, Mode::Download);
    assert_eq!(app.channel.as_str(), "stable");
    assert_eq!(app.health, Health::Alive(Duration::from_secs(60)));
    assert_eq!(app.close, Close::Signal);
}

#[test]
fn every_shape_survives_a_round_trip() {
    for extra in [
        "",
        "mode = \"automatic\"\nrestart = \"never\"\nhealth = { probe = [\"--version\"] }",
        "close = { arguments = [\"--quit\"] }\nhealth = { confirm = \"5m\" }",
        "close = { command = [\"/usr/bin/stop\", \"x\"] }\nhealth = { alive = \"2m 30s\" }",
    ] {
        let app = check(|text| format!("{extra}\n{text}"), false).unwrap();
        assert_eq!(Enrolment::parse(&app.to_toml().unwrap(), false).unwrap(), app);
    }
}

#[test]
fn the_golden_file_of_format_1_is_read_and_written_alike() {
    let golden = include_str!("../../fixtures/v1/enrolment.toml");
    let app = Enrolment::parse(golden, false).unwrap();
    assert_eq!(app.to_toml().unwrap(), golden);
    assert_eq!(app.health, Health::Confirm(Duration::from_secs(90)));
    assert_eq!((app.mode, app.sources.len()), (Mode::Automatic, 2));
    let machine = include_str!("../../fixtures/v1/enrolment-machine.toml");
    let of_machine = Enrolment::parse(machine, true).unwrap();
    assert_eq!((of_machine.to_toml().unwrap().as_str(), of_machine.rights), (machine, Rights::Keep));
    let newer = golden.replace("format = 1", "format = 2\nshape = \"new\"");
    let error = Enrolment::parse(&newer, false).unwrap_err().to_string();
    assert!(error.contains("2 is not known here"), "{error}");
}

#[test]
fn a_lantern_server_is_pinned_by_its_key_and_nothing_else() {
    let golden = include_str!("../../fixtures/v1/enrolment-lantern.toml");
    let app = Enrolment::parse(golden, false).unwrap();
    assert_eq!((app.source, app.to_toml().unwrap().as_str()), (SourceKind::Lantern, golden));
    assert_eq!(app.anchor.file, PathBuf::from("lantern.key.pem"));
    let wrong = |text: &str, key: &str, says: &str| {
        let error = Enrolment::parse(text, false).unwrap_err().to_string();
        assert!(error.starts_with(&format!("key `{key}`")) && error.contains(says), "{error}");
    };
    let (lantern, line) = ("source = \"lantern\"\n", SHORT.lines().last().unwrap());
    let key = line.replace("root =", "key =");
    let without = SHORT.replace(line, "");
    wrong(&without, "root", "missing");
    wrong(&format!("{lantern}{without}"), "key", "missing");
    wrong(&format!("{lantern}{SHORT}"), "root", "`key` instead");
    wrong(&format!("{lantern}{SHORT}{key}\n"), "root", "`key` instead");
    wrong(&format!("{without}{key}\n"), "key", "`root` instead");
    wrong(&format!("{SHORT}{key}\n"), "key", "`root` instead");
    assert!(Enrolment::parse(&format!("{lantern}{without}{key}\n"), false).is_ok());
}

#[test]
fn errors_name_the_place() {
    let error = check(|text| text.replace("name =", "nmae ="), false).unwrap_err();
    assert!(error.contains("nmae") && error.contains("line 3"), "{error}");
    let error = check(|text| text.replace("https://updates", "http://updates"), false).unwrap_err();
    assert!(error.starts_with("key `sources`") && error.contains("https"), "{error}");
    let error = check(|text| text.replace("/opt/lantern/lantern", "lantern"), false).unwrap_err();
    assert!(error.starts_with("key `path`"), "{error}");
    let text = SHORT.replace("\"Lantern\"", "\"\"");
    let place = |text: &str| match Enrolment::parse(text, false).unwrap_err() {
        EnrolmentError::Key { line, key, .. } => (line, Some(key)),
        EnrolmentError::Toml { line, .. } => (line, None),
        EnrolmentError::TooLong => (None, None),
    };
    assert_eq!(place(&text), (Some(3), Some("name")));
    assert_eq!(place(&SHORT.replace("name", "nmae")), (Some(3), None));
    let text = Enrolment::parse(&SHORT.replace("name", "nmae"), false).unwrap_err().to_string();
    assert!(text.contains("`nmae`") && text.contains(", in `nmae = ") && !text.contains('\n'), "{text}");
    for extra in
        ["health = { alive = \"2h\" }", "close = { command = [\"x\"] }", "source = \"ftp\"", "mode = \"x\""]
    {
        assert!(check(|text| format!("{extra}\n{text}"), false).is_err(), "{extra}");
    }
}

#[test]
fn only_the_administrator_allows_plain_http() {
    let plain = |text: &str| format!("allow_http = true\n{}", text.replace("https:", "http:"));
    assert!(check(plain, false).unwrap_err().contains("allow_http"));
    assert!(check(plain, true).is_ok());
}

#[test]
fn only_the_administrator_lets_special_rights_pass_to_new_bytes() {
    let keep = |text: &str| format!("rights = \"keep\"\n{text}");
    assert!(check(keep, false).unwrap_err().contains("rights"));
    let app = check(keep, true).unwrap();
    assert_eq!(app.rights, Rights::Keep);
    assert_eq!(Enrolment::parse(&app.to_toml().unwrap(), true).unwrap(), app);
}
