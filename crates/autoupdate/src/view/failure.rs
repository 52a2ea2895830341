//! Something that did not work, as data.

use serde::{Deserialize, Serialize};

use crate::error::{Actor, Fault, Phase};

/// Something that did not work, as data. See [`crate::error`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Failure {
    /// Stable code, for example `E-NET-PORTAL`.
    pub code: String,
    /// The step in which it failed.
    pub phase: Phase,
    /// Who must act.
    pub actor: Actor,
    /// Whether the same attempt can succeed later without anybody acting.
    pub retry: bool,
    /// The whole chain of causes, for logs, diagnostics and terminals.
    pub text: String,
}

impl Failure {
    /// What `fault` and the chain of causes of `error` say.
    #[must_use]
    pub fn new(fault: Fault, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            let inner_text = inner.to_string();
            // Many errors repeat their source in their own text.
            if !text.contains(&inner_text) {
                text = format!("{text}: {inner_text}");
            }
            cause = inner.source();
        }
        Self { code: fault.code.to_owned(), phase: fault.phase, actor: fault.actor, retry: fault.retry, text }
    }
}
