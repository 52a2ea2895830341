//! A Unix socket in the session's private folder.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use tokio::net::{UnixListener, UnixStream};

use super::Error;
use crate::store::Folders;

pub(super) type Stream = UnixStream;

/// The socket of the one engine of this user.
#[derive(Debug)]
pub(super) struct Listener {
    socket: PathBuf,
    listener: UnixListener,
    /// Held as long as the engine lives; free again whatever it dies of.
    lock: fs::File,
}

impl Listener {
    pub(super) fn bind(folders: &Folders) -> Result<Self, Error> {
        let socket = folders.socket();
        private_folder(&folders.runtime)?;
        let lock_path = folders.runtime.join("engine.lock");
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Socket { path, source }
        };
        let lock = (fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600))
            .open(&lock_path)
            .map_err(failed(&lock_path))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(error) if error == rustix::io::Errno::WOULDBLOCK => return Err(Error::Running),
            Err(error) => return Err(failed(&lock_path)(error.into())),
        }
        // Only who holds the lock comes here, so what lies there was left by a dead engine.
        match fs::remove_file(&socket) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&socket)(error)),
        }
        let listener = UnixListener::bind(&socket).map_err(failed(&socket))?;
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o600)).map_err(failed(&socket))?;
        Ok(Self { socket, listener, lock })
    }

    /// The next connection; `None` = of somebody whom we do not serve.
    pub(super) async fn accept(&mut self) -> io::Result<Option<Stream>> {
        let (stream, _) = self.listener.accept().await?;
        let uid = stream.peer_cred()?.uid();
        if is_served(uid) {
            return Ok(Some(stream));
        }
        tracing::warn!(uid, "another user tried to connect");
        Ok(None)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // If it cannot be removed, the next engine does it.
        let _gone = fs::remove_file(&self.socket);
        // By word and not by closing: a thread that is just starting a program has our descriptors for a moment, too.
        let _free = flock(&self.lock, FlockOperation::Unlock);
    }
}

pub(super) async fn connect(folders: &Folders) -> Result<Stream, Error> {
    let path = folders.socket();
    let stream = match UnixStream::connect(&path).await {
        Ok(stream) => stream,
        Err(error) => {
            return Err(match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Error::NotRunning,
                _ => Error::Socket { path, source: error },
            });
        }
    };
    // Nobody else may pose as the engine: root may ask anybody's, so the socket's owner counts, not our own uid.
    let owner = fs::symlink_metadata(&path).map(|metadata| metadata.uid());
    match (stream.peer_cred(), owner) {
        (Ok(peer), Ok(owner)) if peer.uid() == owner && (is_served(owner) || own_uid() == 0) => Ok(stream),
        _ => Err(Error::UnsafeFolder { path, why: "somebody else answers there" }),
    }
}

fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn is_served(uid: u32) -> bool {
    uid == own_uid() || uid == 0
}

/// Makes the folder, or checks that nobody else can use it.
fn private_folder(path: &Path) -> Result<(), Error> {
    let failed = |source| Error::Socket { path: path.to_owned(), source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
    let metadata = fs::symlink_metadata(path).map_err(failed)?;
    let wrong = |why| Err(Error::UnsafeFolder { path: path.to_owned(), why });
    if !metadata.is_dir() {
        wrong("it is no folder")
    } else if metadata.uid() != own_uid() {
        wrong("it belongs to somebody else")
    } else if metadata.mode() & 0o077 != 0 {
        wrong("its mode lets others in; it must be 0700")
    } else {
        Ok(())
    }
}
