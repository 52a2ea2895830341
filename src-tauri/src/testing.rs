//! What the tests of this crate share: short ways to make a View.

use autoupdate::View;
use autoupdate::view::{AppState, AppView, InstalledView, OfferView, Owner};
use protocol::{AppId, Channel, Digest, Mode, SourceKind, Urgency, Version};

use crate::face::Shell;

pub(crate) fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

/// A program of this name, version 7.1.0; its id is its name in lower case.
pub(crate) fn app(name: &str, state: AppState) -> AppView {
    AppView {
        id: AppId::parse(&name.to_lowercase()).unwrap(),
        name: name.to_owned(),
        path: format!("/opt/{name}"),
        owner: Owner::User,
        channel: Channel::default(),
        mode: Mode::Download,
        source: SourceKind::Tuf,
        installed: Some(InstalledView {
            version: Some(version("7.1.0")),
            sha256: Digest::of(b"7.1.0"),
            length: 9,
        }),
        state,
        previous: None,
        last_check: None,
        failures: 0,
        last_good: None,
        quiet: false,
        next_check: None,
        last_update: None,
    }
}

pub(crate) fn view(apps: Vec<AppView>) -> View {
    View::new(apps, Vec::new())
}

pub(crate) fn offer(text: &str) -> OfferView {
    OfferView {
        version: version(text),
        from: Some(version("7.1.0")),
        urgency: Urgency::Normal,
        full_bytes: Some(1_000),
        needs_consent: false,
        notes: Vec::new(),
    }
}

pub(crate) fn shell() -> Shell {
    Shell {
        version: "1.0.0".to_owned(),
        own_id: None,
        packaged: false,
        tray: true,
        starts_at_login: false,
        go: None,
    }
}

pub(crate) fn report(to: &str) -> autoupdate::view::UpdateReport {
    autoupdate::view::UpdateReport {
        app: AppId::parse("demo").unwrap(),
        from: Some(version("7.1.0")),
        to: version(to),
        at: "2030-06-01T12:00:00Z".parse().unwrap(),
        route: None,
        bytes_fetched: 1,
        full_bytes: 2,
        patches_fetched: 0,
        sha256_before: Digest::of(b"7.1.0"),
        sha256_after: Digest::of(b"7.2.0"),
        seconds: 1,
        repaired: false,
        fallbacks: Vec::new(),
        still_old: Vec::new(),
    }
}
