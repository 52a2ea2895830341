//! The engine with a server that speaks the protocol of Lantern's first clients: everything real but that server.

mod bytes;
mod honest;
mod patches;
mod rules;

use std::collections::BTreeMap;
use std::io::Write as _;

use protocol::{FormatId, Pin, SourceKind, SourceUrl};

use super::*;
use crate::fetch::tests::peer::{Peer, Reply, Request, answer, file};
use crate::source::lantern::tests::{PUBLIC, Says};
use crate::view::{RouteView, UpdateReport};

type Answers = Arc<Mutex<BTreeMap<String, Box<dyn Fn(&Request) -> Reply + Send>>>>;

/// Where a check is asked for.
const CHECK: &str = "/update/demo";
/// Where the whole program is.
const FULL: &str = "/dl/update_linux_amd64";
/// Where the patch is.
const PATCH: &str = "/patches/a1914be6";

/// A machine with the program `demo`, which nobody knows yet, and its server.
struct Stage {
    world: World,
    peer: Peer,
    answers: Answers,
}

impl Stage {
    async fn new(mode: Mode) -> Self {
        let answers = Answers::default();
        let table = Arc::clone(&answers);
        let peer = Peer::start(move |request| {
            let table = table.lock().unwrap();
            table.get(&request.target).map_or_else(|| file(None, request), |answer| answer(request))
        })
        .await;
        let mut world = World::probed(mode).await;
        let enrolled = &mut world.enrolled;
        fs::write(enrolled.file.with_file_name("key.pem"), PUBLIC).unwrap();
        enrolled.enrolment.source = SourceKind::Lantern;
        enrolled.enrolment.anchor = Pin { file: "key.pem".into(), sha256: Digest::of(PUBLIC) };
        enrolled.enrolment.sources = vec![SourceUrl::parse(peer.url("").as_str(), false).unwrap()];
        let stage = Self { world, peer, answers };
        stage.says_no();
        stage
    }

    /// A machine on which it is known that 1.0.1 is installed, because the server said so.
    async fn known(mode: Mode) -> Self {
        let stage = Self::new(mode).await;
        stage.names(&stage.says("1.0.1"));
        let handle = stage.world.engine().await;
        assert_eq!(word(&command(handle.check(&app(), false)).await), "nothing-newer");
        handle.shutdown().await;
        stage
    }

    fn answer(&self, target: &str, answer: impl Fn(&Request) -> Reply + Send + 'static) {
        self.answers.lock().unwrap().insert(target.to_owned(), Box::new(answer));
    }

    /// Serves these bytes truly.
    fn serve(&self, target: &str, bytes: Vec<u8>) {
        self.answer(target, move |request| file(Some(&bytes), request));
    }

    /// What the server says of a version without a patch.
    fn says(&self, version: &str) -> Says {
        Says::of(version, &sleeper(version), self.peer.url(&FULL[1..]).as_str())
    }

    /// The same with a patch.
    fn says_patched(&self, version: &str) -> Says {
        self.says(version).with_patch(self.peer.url(&PATCH[1..]).as_str())
    }

    fn names(&self, says: &Says) {
        let says = says.clone();
        self.answer(CHECK, move |request| says.answer(request));
    }

    fn says_no(&self) {
        self.answer(CHECK, |_| Reply::Bytes(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()));
    }

    /// Names a version and serves it whole.
    fn offers(&self, version: &str) {
        self.names(&self.says(version));
        self.serve(FULL, sleeper(version));
    }

    /// Names a version, and serves it whole and as the patch from the installed one.
    fn offers_patched(&self, from: &str, version: &str) {
        self.names(&self.says_patched(version));
        self.serve(FULL, sleeper(version));
        self.serve(PATCH, patch(from, version));
    }

    /// What was asked for, in order, without checks.
    fn fetched(&self) -> Vec<String> {
        let requests = self.peer.requests().into_iter().map(|request| request.target);
        requests.filter(|target| target != CHECK).collect()
    }

    /// What an update came to.
    async fn apply(&self, how: How) -> Answer {
        let handle = self.world.engine().await;
        let answer = command(handle.activate(&app(), how)).await;
        handle.shutdown().await;
        answer
    }

    async fn applied(&self, how: How) -> UpdateReport {
        match self.apply(how).await {
            Answer::Updated { report } => report,
            other => panic!("{other:#?}"),
        }
    }

    /// The code of an update that did not happen. Nothing was changed, and nothing is left over.
    async fn not_applied(&self, installed: &str) -> String {
        let code = match self.apply(consent()).await {
            Answer::Failed { failure } | Answer::CannotVerify { failure } => failure.code,
            other => panic!("{other:#?}"),
        };
        self.world.assert_installed(installed);
        let stage = self.world.program.with_file_name(".demo.autoupdate/stage");
        assert!(!stage.exists(), "{code}: a stage is left");
        code
    }
}

fn consent() -> How {
    How { consent: true, ..how() }
}

fn patch(from: &str, to: &str) -> Vec<u8> {
    let format = FormatId::parse(FormatId::BSDIFF40).unwrap();
    let mut patch = Vec::new();
    delta::make(&format, &sleeper(from), &sleeper(to), &mut patch).unwrap();
    patch
}

fn packed(plain: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn by_patch() -> Option<RouteView> {
    Some(RouteView::Patch { format: FormatId::parse(FormatId::BSDIFF40).unwrap() })
}
