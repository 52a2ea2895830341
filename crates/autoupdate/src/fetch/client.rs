use super::*;
/// Settings of a client.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// Deadlines and counts.
    pub limits: Limits,
    /// The proxy.
    pub proxy: Proxy,
}
/// a
#[derive(Debug, Clone)]
pub struct Client {}
/// What the answer must look like, to notice pages that pretend to be the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// A JSON object.
    Json,
    /// Bytes of any kind, but no web page.
    Bytes,
}
/// a
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The most bytes.
    pub limit: u64,
    /// What it must look like.
    pub expect: Expect,
    /// The entity tag of the stored copy: unchanged is answered by [`Small::NotModified`].
    pub etag: Option<&'a str>,
}
/// a
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Small {
    /// a
    Body {
        /// a
        bytes: bytes::Bytes,
        /// a
        etag: Option<String>,
    },
    /// a
    NotModified,
    /// a
    NotFound,
}
impl Client {
    /// a
    pub fn new(config: Config) -> Result<Self, Error> {
        todo!()
    }
    /// a
    pub async fn small(&self, url: &url::Url, ask: Ask<'_>) -> Result<Small, Error> {
        todo!()
    }
}
