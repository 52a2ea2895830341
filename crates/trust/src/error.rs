//! What can be wrong with metadata, and who must act.
//!
//! Every variant has a stable code. Texts are for people, the code and the fields are for programs.

use std::sync::Arc;

use jiff::Timestamp;

/// Who must act so that it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The publisher or operator: the repository is wrong or stale, or somebody between here and there tampers with it.
    Repository,
    /// The person or administrator of this machine: the enrolment's root does not verify.
    Machine,
    /// The program that uses this crate.
    Bug,
}

/// Metadata that must not be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Another crypto provider is installed in this process, or the wanted one cannot be told from others.
    #[error("another crypto provider is already installed in this process")]
    Provider,
    /// The pinned root of the enrolment does not verify.
    #[error("the pinned root of the enrolment cannot be used")]
    PinnedRoot(#[source] Box<Error>),
    /// No metadata of the expected shape.
    #[error("{role} metadata is malformed: {flaw}")]
    Malformed {
        /// The role whose file it is.
        role: String,
        /// What is wrong with it.
        #[source]
        flaw: Flaw,
    },
    /// More bytes than [`crate::LIMITS`] allows.
    #[error("{role} metadata is longer than {limit} bytes")]
    TooLong {
        /// The role whose file it is.
        role: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// More of something than [`crate::LIMITS`] allows.
    #[error("{role} metadata has more than {limit} {what}")]
    TooMany {
        /// The role whose file it is.
        role: String,
        /// What there is too much of.
        what: &'static str,
        /// How many are allowed.
        limit: usize,
    },
    /// A key that must not be trusted.
    #[error("{role} metadata lists key {key_id:?}, which cannot be accepted: {flaw}")]
    Key {
        /// The role whose file lists the key.
        role: String,
        /// The key's id, cut to 80 characters.
        key_id: String,
        /// What is wrong with it.
        #[source]
        flaw: KeyFlaw,
    },
    /// A delegation that breaks a rule.
    #[error("{role} metadata delegates to {delegated:?}, which cannot be accepted: {flaw}")]
    Delegation {
        /// The delegating role.
        role: String,
        /// The delegated role, cut to 80 characters.
        delegated: String,
        /// The rule it breaks.
        #[source]
        flaw: DelegationFlaw,
    },
    /// Too few valid signatures by distinct keys of the role.
    #[error("{role} metadata has {found} of {threshold} needed signatures")]
    Signature {
        /// The role.
        role: String,
        /// Valid signatures by distinct keys.
        found: usize,
        /// Signatures needed.
        threshold: usize,
    },
    /// A new root is not the next one.
    #[error("root version {new} does not follow {trusted}")]
    RootVersion {
        /// The trusted root's version.
        trusted: u64,
        /// The offered version.
        new: u64,
    },
    /// A version below one that was seen before.
    #[error("{role} went back from version {trusted} to {new}")]
    Rollback {
        /// The role that went back.
        role: String,
        /// The version known already.
        trusted: u64,
        /// The offered version; 0 if the role is not listed any more.
        new: u64,
    },
    /// Root replaced the keys of the role, so what the old keys signed is forgotten (a note, never a failure).
    #[error("root replaced the keys of {role}, so the stored file is forgotten")]
    KeyReplaced {
        /// The role.
        role: String,
    },
    /// Expired at the fixed `now` of this check.
    #[error("{role} metadata expired at {expires}")]
    Expired {
        /// The role.
        role: String,
        /// When it expired.
        expires: Timestamp,
    },
    /// Other bytes than those that were pinned: length, hash or version differ.
    #[error("{role} is not the file that is pinned")]
    Integrity {
        /// The role, or the path of a target.
        role: String,
    },
    /// The role is not pinned by snapshot, so none of its files can be verified.
    #[error("snapshot does not pin {role}")]
    NotPinned {
        /// The role.
        role: String,
    },
    /// Nobody delegates to this role, or its delegator is not loaded.
    #[error("{delegator} does not delegate to {role}")]
    NotDelegated {
        /// The role that was expected to delegate.
        delegator: String,
        /// The delegated role.
        role: String,
    },
    /// The stored file was asked for, but there is none that verifies.
    #[error("there is no stored {role} metadata that verifies")]
    NotStored {
        /// The role.
        role: String,
    },
}

/// What is wrong with the shape of a file.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Flaw {
    /// Not UTF-8, or with a byte order mark.
    #[error("it is not plain UTF-8")]
    Encoding,
    /// No JSON.
    #[error("it is not JSON (line {line}, column {column})")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Nested too deeply.
    #[error("it is nested too deeply")]
    Depth,
    /// The same key twice in one object: two parsers could read two different files.
    #[error("an object has the same key twice")]
    DuplicateKey,
    /// A number that is no integer of 64 bits.
    #[error("a number is not an integer")]
    Number,
    /// A field beside `signed` and `signatures`, or in a signature, which no signature covers.
    #[error("it has fields that no signature covers")]
    Unsigned,
    /// A version of 0 or above [`crate::LIMITS`].
    #[error("a version is outside 1 to 2^63-1")]
    Version,
    /// A signature that is not written in lower-case hexadecimal digits: a file has one spelling.
    #[error("a signature is not in lower-case hexadecimal digits")]
    SignatureText,
    /// Two signatures with the same key id.
    #[error("two signatures have the same key id")]
    DuplicateSignature,
    /// A threshold of 0, or above the number of keys; or a key id twice in one role.
    #[error("the keys or the threshold of a role make no sense")]
    Threshold,
    /// One of the top-level roles is missing in a root, or timestamp does not pin snapshot.
    #[error("a role is missing")]
    MissingRole,
    /// The verifier does not accept its shape.
    #[error("the verifier does not accept it")]
    Shape(#[source] Arc<sigstore_tuf::Error>),
}

/// What is wrong with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFlaw {
    /// Its type or scheme is not in the list.
    #[error("its scheme is not accepted")]
    Scheme,
    /// Its public part does not parse.
    #[error("its public part cannot be read")]
    Unreadable,
    /// No point of the curve, a second encoding of one, or one of small order, for which anyone could sign.
    #[error("it is weak")]
    Weak,
    /// The same key under another id: one signer would count twice.
    #[error("it is the same key as another one")]
    Duplicate,
}

/// What is wrong with a delegation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DelegationFlaw {
    /// A name that cannot be a file name, or the name of a top-level role.
    #[error("its name is not allowed")]
    Name,
    /// Two delegations with the same name in one file.
    #[error("its name is used twice")]
    Duplicate,
    /// A path pattern that cannot be read.
    #[error("a path pattern cannot be read")]
    Pattern,
    /// `rollout` beyond `rollout/*.json`, or `ingest` beyond `releases/*/*/*`.
    #[error("its paths reach further than this role may")]
    Reach,
    /// `rollout` or `ingest` delegate onwards, or are delegated by another role than targets.
    #[error("only targets may delegate to it, and it may not delegate onwards")]
    Onwards,
}

impl Error {
    /// The stable code, for example `E-META-EXPIRED`. It never changes its meaning.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Provider => "E-META-PROVIDER",
            Self::PinnedRoot(_) => "E-META-PINNED-ROOT",
            Self::Malformed { .. } => "E-META-MALFORMED",
            Self::TooLong { .. } | Self::TooMany { .. } => "E-META-LIMIT",
            Self::Key { .. } => "E-META-KEY",
            Self::Delegation { .. } => "E-META-DELEGATION",
            Self::Signature { .. } => "E-META-SIGNATURE",
            Self::RootVersion { .. } => "E-META-ROOT-VERSION",
            Self::Rollback { .. } => "E-META-ROLLBACK",
            Self::KeyReplaced { .. } => "E-META-KEY-REPLACED",
            Self::Expired { .. } => "E-META-EXPIRED",
            Self::Integrity { .. } => "E-META-INTEGRITY",
            Self::NotPinned { .. } => "E-META-NOT-PINNED",
            Self::NotDelegated { .. } => "E-META-NOT-DELEGATED",
            Self::NotStored { .. } => "E-META-NOT-STORED",
        }
    }

    /// Who must act.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        match self {
            Self::Provider => Actor::Bug,
            Self::PinnedRoot(_) => Actor::Machine,
            Self::Malformed { .. }
            | Self::TooLong { .. }
            | Self::TooMany { .. }
            | Self::Key { .. }
            | Self::Delegation { .. }
            | Self::Signature { .. }
            | Self::RootVersion { .. }
            | Self::Rollback { .. }
            | Self::KeyReplaced { .. }
            | Self::Expired { .. }
            | Self::Integrity { .. }
            | Self::NotPinned { .. }
            | Self::NotDelegated { .. }
            | Self::NotStored { .. } => Actor::Repository,
        }
    }

    /// Cuts a name that an attacker chose, so that it cannot fill a log.
    pub(crate) fn cut(text: &str) -> String {
        text.chars().take(80).collect()
    }

    pub(crate) fn malformed(role: &str, flaw: Flaw) -> Self {
        Self::Malformed { role: role.to_owned(), flaw }
    }

    /// The verifier's answer about the file of `role`, in our words.
    pub(crate) fn from_verifier(role: &str, error: sigstore_tuf::Error) -> Self {
        use sigstore_tuf::Error as Tuf;
        let role = role.to_owned();
        match error {
            Tuf::ThresholdNotMet { found, threshold, .. } => Self::Signature { role, found, threshold },
            // Named like `targets.json (via snapshot)`: the file that was received may pin the one that goes back.
            Tuf::Rollback { role: named, trusted, new } => {
                let file = named.split(' ').next().unwrap_or_default();
                Self::Rollback { role: file.strip_suffix(".json").unwrap_or(file).to_owned(), trusted, new }
            }
            // The verifier names the role that expired, which may be a delegator of the one that was received.
            Tuf::Expired { role, expires } => Self::Expired { role, expires },
            Tuf::BadRootVersion { trusted, new } => Self::RootVersion { trusted, new },
            Tuf::IntegrityMismatch(_) => Self::Integrity { role },
            other => Self::Malformed { role, flaw: Flaw::Shape(Arc::new(other)) },
        }
    }
}
