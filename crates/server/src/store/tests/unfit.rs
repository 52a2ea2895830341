//! Stores that would lose releases: each does one thing wrong that a store in use does.

use std::fmt;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    IgnoresCreate,
    IgnoresUpdate,
    /// Looks whether the condition holds, and writes a little later.
    LooksThenWrites,
}

#[derive(Debug)]
pub(super) struct Unfit {
    pub(super) inner: InMemory,
    pub(super) fault: Option<Fault>,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.fault)
    }
}

impl Unfit {
    /// Whether the condition of a write holds now.
    async fn holds(&self, location: &Path, mode: &PutMode) -> Result<()> {
        let found = self.inner.head(location).await.ok();
        let (path, source) = (location.to_string(), "it does not hold".into());
        match mode {
            PutMode::Create if found.is_some() => Err(Error::AlreadyExists { path, source }),
            PutMode::Update(version) if found.and_then(|meta| meta.e_tag) != version.e_tag => {
                Err(Error::Precondition { path, source })
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl ObjectStore for Unfit {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let ignored = match (self.fault, &opts.mode) {
            (Some(Fault::IgnoresCreate), PutMode::Create)
            | (Some(Fault::IgnoresUpdate), PutMode::Update(_)) => true,
            (Some(Fault::LooksThenWrites), mode) => {
                self.holds(location, mode).await?;
                tokio::task::yield_now().await;
                true
            }
            _ => false,
        };
        let mode = if ignored { PutMode::Overwrite } else { opts.mode.clone() };
        self.inner.put_opts(location, payload, PutOptions { mode, ..opts }).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
