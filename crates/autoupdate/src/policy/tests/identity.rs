use super::*;
use crate::testing::{app, artifact, linux, version};

#[test]
fn what_is_signed_counts_more_than_what_lies_on_the_disk() {
    let check = |bytes: &str, recorded: Option<&str>, expected: Option<&str>| {
        let mut foreign = artifact("9.0.0");
        foreign.release.app = AppId::parse("other").unwrap();
        let (sha256, recorded) = (Digest::of(bytes.as_bytes()), recorded.map(version));
        let (app, artifacts) = (app(), [artifact("1.0.0"), artifact("1.1.0"), foreign]);
        let facts = Facts {
            app: &app,
            platform: linux(),
            sha256: &sha256,
            recorded: recorded.as_ref(),
            artifacts: &artifacts,
        };
        assert_eq!(identify(&facts).answer, expected.map(version), "{bytes} {recorded:?}");
    };
    check("1.0.0", None, Some("1.0.0"));
    check("1.0.0", Some("5.0.0"), Some("1.0.0"));
    check("0.5.0", Some("0.5.0"), Some("0.5.0"));
    check("0.5.0", None, None);
    check("9.0.0", None, None);
}
