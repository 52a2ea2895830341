//! Services on a bus that may be there or not, and the properties of their objects.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use serde::Serialize;
use zbus::message::Type;
use zbus::proxy::{Builder, CacheProperties, MethodFlags};
use zbus::wire::DynamicDeserialize;
use zbus::{Connection, DynamicType, MatchRule, Message, MessageStream, OwnedVariant, Proxy, Variant};

const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
/// How long whoever is asked may take to answer. No person waits for it, and a desktop that starts is slow.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// One interface of one object of a service.
#[derive(Debug, Clone, Copy)]
pub(super) struct Object {
    pub(super) service: &'static str,
    pub(super) path: &'static str,
    pub(super) interface: &'static str,
}

impl Object {
    /// Calls a method of a service that runs; the call starts none.
    pub(super) async fn call<R>(
        &self,
        bus: &Connection,
        interface: &str,
        method: &str,
        body: &(impl Serialize + DynamicType),
    ) -> zbus::Result<R>
    where
        R: for<'d> DynamicDeserialize<'d>,
    {
        in_time(async {
            let object: Proxy<'_> = Builder::new(bus)
                .destination(self.service)
                .path(self.path)
                .interface(interface)
                .cache_properties(CacheProperties::No)
                .build()
                .await?;
            let answer = object.call_with_flags(method, MethodFlags::NO_AUTO_START, body).await?;
            answer.ok_or_else(|| zbus::Error::Failure("no answer was asked for".to_owned()))
        })
        .await
    }
}

/// What an object says of itself: nothing at all where nobody is there to answer, or answers in time.
#[derive(Debug, Default)]
pub(super) struct Properties(HashMap<String, OwnedVariant>);

impl Properties {
    #[cfg(test)]
    pub(super) fn of<'v>(said: impl IntoIterator<Item = (&'v str, impl Into<Variant<'v>>)>) -> Self {
        let owned = |value: Variant<'_>| OwnedVariant::try_from(value).unwrap();
        Self(said.into_iter().map(|(name, value)| (name.to_owned(), owned(value.into()))).collect())
    }

    /// The value of a property, if there is one and it is of this type.
    pub(super) fn get<T>(&self, name: &str) -> Option<T>
    where
        T: for<'v> TryFrom<&'v OwnedVariant>,
    {
        self.0.get(name).and_then(|value| T::try_from(value).ok())
    }
}

/// Some properties of an object, followed.
#[derive(Debug)]
pub(super) struct Watched {
    bus: Connection,
    object: Object,
    wanted: &'static [&'static str],
    owners: MessageStream,
    changes: MessageStream,
}

impl Watched {
    /// Begins to listen; whatever changes after that is not missed. The service need not be there.
    pub(super) async fn begin(
        bus: &Connection,
        object: Object,
        wanted: &'static [&'static str],
    ) -> zbus::Result<Self> {
        let owners = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender("org.freedesktop.DBus")
            .interface("org.freedesktop.DBus")
            .member("NameOwnerChanged")
            .arg(0, object.service)
            .build()?;
        let changes = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(object.service)
            .path(object.path)
            .interface(PROPERTIES)
            .member("PropertiesChanged")
            .arg(0, object.interface)
            .build()?;
        Ok(Self {
            bus: bus.clone(),
            object,
            wanted,
            owners: signals(bus, owners).await?,
            changes: signals(bus, changes).await?,
        })
    }

    /// What they are now.
    pub(super) async fn read(&self) -> Properties {
        let Object { interface, .. } = self.object;
        match self.object.call(&self.bus, PROPERTIES, "GetAll", &interface).await {
            Ok(all) => Properties(all),
            Err(error) => {
                tracing::debug!(interface, %error, "nothing is known of it now");
                Properties::default()
            }
        }
    }

    /// Waits until they may be others. `None`: the bus has gone.
    pub(super) async fn changed(&mut self) -> Option<()> {
        loop {
            tokio::select! {
                owner = self.owners.next() => return owner.map(drop),
                change = self.changes.next() => {
                    if change?.is_ok_and(|change| concerns(&change, self.wanted)) {
                        return Some(());
                    }
                }
            }
        }
    }
}

/// The signals that a rule lets through.
pub(super) async fn signals(bus: &Connection, rule: MatchRule<'static>) -> zbus::Result<MessageStream> {
    in_time(MessageStream::for_match_rule(rule, bus, None)).await
}

/// Whether one of these properties has changed. Services say much that nobody here wants to know, some of them every few
/// seconds.
fn concerns(change: &Message, wanted: &[&str]) -> bool {
    type Changed<'m> = (&'m str, HashMap<&'m str, Variant<'m>>, Vec<&'m str>);
    let body = change.body();
    let Ok((_, values, invalid)) = body.deserialize::<Changed<'_>>() else { return true };
    wanted.iter().any(|name| values.contains_key(name) || invalid.contains(name))
}

/// What is asked of a bus, if it is answered in time.
pub(super) async fn in_time<T>(asked: impl Future<Output = zbus::Result<T>>) -> zbus::Result<T> {
    tokio::time::timeout(ANSWER_TIME, asked)
        .await
        .unwrap_or_else(|_| Err(zbus::Error::Failure("there is no answer in time".to_owned())))
}
