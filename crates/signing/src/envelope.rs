//! The signed envelope `{"signatures": […], "signed": {…}}` and the bytes that a signature covers.
//!
//! Those bytes are the "canonical JSON" that TUF implementations share (securesystemslib): keys sorted by code point,
//! no white space, only `"` and `\` escaped, integers only. It is not RFC 8785.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::{Signature as Ed25519, VerifyingKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::document::RoleKeys;
use crate::{Error, KeyId, PublicKey, SecretKey};

/// One signature in an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Signature {
    pub(crate) keyid: String,
    /// 128 hexadecimal digits.
    pub(crate) sig: String,
}

/// A signed file, its content not yet given a type, so that what is signed again is exactly what was read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Envelope {
    pub(crate) signatures: Vec<Signature>,
    pub(crate) signed: Value,
}

impl Envelope {
    /// An envelope without signatures.
    pub(crate) fn new(what: &str, document: &impl Serialize) -> Result<Self, Error> {
        let signed = serde_json::to_value(document).map_err(|error| malformed(what, &error))?;
        Ok(Self { signatures: Vec::new(), signed })
    }

    /// Parses bytes; `what` names them in errors. Signatures are not checked.
    pub(crate) fn parse(what: &str, bytes: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(bytes).map_err(|error| malformed(what, &error))
    }

    /// The content.
    pub(crate) fn document<T: DeserializeOwned>(&self, what: &str) -> Result<T, Error> {
        serde_json::from_value(self.signed.clone()).map_err(|error| malformed(what, &error))
    }

    /// Adds the signature of a key, in place of one that it made before.
    pub(crate) fn sign(&mut self, what: &str, key: &SecretKey) -> Result<(), Error> {
        let id = key.public().id();
        let sig = hex::encode(key.sign(&canonical(what, &self.signed)?));
        self.signatures.retain(|signature| signature.keyid != id.as_str());
        self.signatures.push(Signature { keyid: id.as_str().to_owned(), sig });
        self.signatures.sort_by(|a, b| a.keyid.cmp(&b.keyid));
        Ok(())
    }

    /// The file's bytes.
    pub(crate) fn to_bytes(&self, what: &str) -> Result<Vec<u8>, Error> {
        let mut bytes = serde_json::to_vec(self).map_err(|error| malformed(what, &error))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// The keys of a role whose signatures here are good. For progress and planning; what clients accept, `trust` says.
    pub(crate) fn good(
        &self,
        what: &str,
        role: &RoleKeys,
        keys: &BTreeMap<String, Value>,
    ) -> Result<BTreeSet<KeyId>, Error> {
        let signed = canonical(what, &self.signed)?;
        let good = self.signatures.iter().filter(|signature| role.keyids.contains(&signature.keyid));
        Ok(good
            .filter_map(|signature| verified_by(signature, keys.get(&signature.keyid)?, &signed))
            .collect())
    }

    /// Whether enough keys of a role signed this.
    pub(crate) fn reaches(
        &self,
        what: &str,
        role: &RoleKeys,
        keys: &BTreeMap<String, Value>,
    ) -> Result<bool, Error> {
        Ok(self.good(what, role, keys)?.len() as u64 >= role.threshold)
    }
}

fn verified_by(signature: &Signature, key: &Value, signed: &[u8]) -> Option<KeyId> {
    let key = PublicKey::from_json(key)?;
    let mut bytes = [0; 64];
    hex::decode_to_slice(&signature.sig, &mut bytes).ok()?;
    let verifying = VerifyingKey::from_bytes(&key.to_bytes()).ok()?;
    verifying.verify_strict(signed, &Ed25519::from_bytes(&bytes)).ok().map(|()| key.id())
}

/// A signed file in one go.
pub(crate) fn signed(what: &str, document: &impl Serialize, keys: &[&SecretKey]) -> Result<Vec<u8>, Error> {
    let mut envelope = Envelope::new(what, document)?;
    for key in keys {
        envelope.sign(what, key)?;
    }
    envelope.to_bytes(what)
}

fn malformed(what: &str, why: &impl ToString) -> Error {
    Error::Malformed { what: what.to_owned(), why: why.to_string() }
}

/// The bytes that a signature covers.
pub(crate) fn canonical(what: &str, value: &Value) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    if encode(value, &mut out) { Ok(out) } else { Err(malformed(what, &"a number in it is no integer")) }
}

/// `false` for a number that is no integer.
fn encode(value: &Value, out: &mut Vec<u8>) -> bool {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Value::Number(number) => {
            if !(number.is_i64() || number.is_u64()) {
                return false;
            }
            out.extend_from_slice(number.to_string().as_bytes());
        }
        Value::String(text) => encode_text(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                if !encode(item, out) {
                    return false;
                }
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            // Sorted here and not left to the map: a feature of serde_json elsewhere in the build could change its order.
            let sorted: BTreeMap<&String, &Value> = fields.iter().collect();
            out.push(b'{');
            for (at, (name, value)) in sorted.into_iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                encode_text(name, out);
                out.push(b':');
                if !encode(value, out) {
                    return false;
                }
            }
            out.push(b'}');
        }
    }
    true
}

fn encode_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn canonical_form() {
        let check = |value: Value, expected: &str| {
            assert_eq!(String::from_utf8(canonical("x", &value).unwrap()).unwrap(), expected);
        };
        check(json!({"b": 1, "a": [true, null, -5]}), r#"{"a":[true,null,-5],"b":1}"#);
        check(json!("q\" b\\ n\n ä"), "\"q\\\" b\\\\ n\n ä\"");
        check(json!({"\u{10000}": 1, "\u{ffff}": 2}), "{\"\u{ffff}\":2,\"\u{10000}\":1}");
        check(json!(u64::MAX), "18446744073709551615");
        assert!(canonical("x", &json!({"a": [1.5]})).is_err());
    }

    #[test]
    fn only_good_signatures_of_the_role_count() {
        let (one, two, other) =
            (SecretKey::from_seed(&[1; 32]), SecretKey::from_seed(&[2; 32]), SecretKey::from_seed(&[3; 32]));
        let keys = [&one, &two].map(|key| (key.public().id().to_string(), key.public().to_json())).into();
        let role = RoleKeys {
            keyids: vec![one.public().id().to_string(), two.public().id().to_string()],
            threshold: 2,
        };
        let mut envelope = Envelope::new("x", &json!({"a": 1})).unwrap();
        for (key, reached) in [(&one, false), (&one, false), (&other, false), (&two, true)] {
            envelope.sign("x", key).unwrap();
            assert_eq!(envelope.reaches("x", &role, &keys).unwrap(), reached);
        }
        assert_eq!(envelope.signatures.len(), 3);
        envelope.signed = json!({"a": 2});
        assert!(envelope.good("x", &role, &keys).unwrap().is_empty());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            // Control characters stand raw in the canonical form, which a JSON parser does not take back.
            "[^\\p{Cc}]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[^\\p{Cc}]{0,8}", inner, 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn canonical_bytes_say_the_same(value in any_json()) {
            let bytes = canonical("x", &value).unwrap();
            prop_assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), value);
        }

        #[test]
        fn a_signature_covers_everything(one in any_json(), two in any_json()) {
            let key = SecretKey::from_seed(&[9; 32]);
            let keys = [(key.public().id().to_string(), key.public().to_json())].into();
            let role = RoleKeys { keyids: vec![key.public().id().to_string()], threshold: 1 };
            let mut envelope = Envelope::new("x", &one).unwrap();
            envelope.sign("x", &key).unwrap();
            prop_assert!(envelope.reaches("x", &role, &keys).unwrap());
            envelope.signed = two.clone();
            prop_assert_eq!(envelope.reaches("x", &role, &keys).unwrap(), one == two);
        }
    }
}
