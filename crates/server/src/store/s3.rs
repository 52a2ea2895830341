//! The bucket that the configuration names, reached as it says.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, S3ConditionalPut};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use signing::Passphrase;

use super::OpenError;
use crate::config::{S3, StoreUrl};

/// For a connection to the store.
const CONNECT: Duration = Duration::from_secs(5);
/// How often one request is sent again when no answer came.
const RETRIES: usize = 3;

/// A client of the bucket that waits so long for an answer that does not move. Nothing is sent yet.
pub(crate) fn client(url: &StoreUrl, s3: &S3, patience: Duration) -> Result<AmazonS3, OpenError> {
    // The whole process has one provider; whoever comes first installs the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (access, secret) = (line(s3.access_key_file.as_deref())?, line(s3.secret_key_file.as_deref())?);
    let options = ClientOptions::new()
        // Whether http is allowed at all, and where, the configuration has checked.
        .with_allow_http(true)
        // An answer may take as long as it moves.
        .with_timeout_disabled()
        .with_read_timeout(patience)
        .with_connect_timeout(CONNECT);
    let retry =
        RetryConfig { backoff: BackoffConfig::default(), max_retries: RETRIES, retry_timeout: patience };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&url.bucket)
        .with_region(&s3.region)
        .with_access_key_id(access.expose())
        .with_secret_access_key(secret.expose())
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        .with_client_options(options)
        .with_retry(retry);
    if let Some(endpoint) = &s3.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    builder.build().map_err(OpenError::Client)
}

/// The first line of a private file.
fn line(file: Option<&Path>) -> Result<Arc<Passphrase>, OpenError> {
    // The configuration has checked that there is one.
    let file = file.unwrap_or(Path::new(""));
    Passphrase::from_file(file).map(Arc::new).map_err(OpenError::Key)
}
