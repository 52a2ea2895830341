//! A plain static host on loopback that writes down what was asked, and spoils answers where a test says so.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};

/// What happens to the answer of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// One byte is another.
    Flip {
        /// Where.
        at: usize,
        /// What is exclusive-ored into it; not 0.
        with: u8,
    },
    /// It is not there.
    Missing,
    /// It ends early.
    Cut {
        /// How many bytes are left.
        to: usize,
    },
}

/// One answer that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The object below `/apps/{app}/`.
    pub object: String,
    /// HTTP status.
    pub status: u16,
    /// Bytes of the body.
    pub bytes: usize,
}

#[derive(Debug, Default)]
struct Book {
    folder: PathBuf,
    log: Vec<Served>,
    harms: BTreeMap<String, Harm>,
}

/// A running host. It ends with its value.
#[derive(Debug)]
pub struct Host {
    address: SocketAddr,
    book: Arc<Mutex<Book>>,
    _runtime: tokio::runtime::Runtime,
}

impl Host {
    /// Serves `folder` (with `apps/{app}/…` below it) on a free port.
    ///
    /// # Errors
    /// If no port can be had.
    pub fn serve(folder: &Path) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0)))?;
        let address = listener.local_addr()?;
        let book = Arc::new(Mutex::new(Book { folder: folder.to_owned(), ..Book::default() }));
        let router = Router::new().fallback(answer).with_state(book.clone());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, book, _runtime: runtime })
    }

    /// The URL to enrol with.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Serves another folder from now on, at the same address.
    pub fn move_to(&self, folder: &Path) {
        self.book().folder = folder.to_owned();
    }

    /// Everything that was answered since the last call, in order.
    #[must_use]
    pub fn take_log(&self) -> Vec<Served> {
        std::mem::take(&mut self.book().log)
    }

    /// From now on does this to an object, and nothing to all others.
    pub fn harm_only(&self, object: &str, harm: Harm) {
        self.book().harms = BTreeMap::from([(object.to_owned(), harm)]);
    }

    /// From now on is honest.
    pub fn be_honest(&self) {
        self.book().harms.clear();
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.book)
    }
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(State(book): State<Arc<Mutex<Book>>>, uri: Uri) -> Response {
    let mut book = lock(&book);
    let object = uri.path().splitn(4, '/').nth(3).unwrap_or_default().to_owned();
    let harm = book.harms.get(&object).copied();
    // Paths come from our own client in our own test: `..` is refused only so that a fault cannot read the disk.
    let body =
        if uri.path().contains("..") { None } else { std::fs::read(book.folder.join(&uri.path()[1..])).ok() };
    let (status, bytes) = match (body, harm) {
        (None, _) | (_, Some(Harm::Missing)) => (StatusCode::NOT_FOUND, Vec::new()),
        (Some(bytes), None) => (StatusCode::OK, bytes),
        (Some(mut bytes), Some(Harm::Flip { at, with })) => {
            let at = at % bytes.len().max(1);
            bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= with);
            (StatusCode::OK, bytes)
        }
        (Some(mut bytes), Some(Harm::Cut { to })) => {
            bytes.truncate(to);
            (StatusCode::OK, bytes)
        }
    };
    book.log.push(Served { object, status: status.as_u16(), bytes: bytes.len() });
    (status, bytes).into_response()
}
