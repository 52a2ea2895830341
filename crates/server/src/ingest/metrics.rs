//! What is counted about GitHub. Labels are apps and words from short lists.

use std::sync::atomic::AtomicI64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use protocol::AppId;

use super::rate::Left;
use super::state::{Alarm, AlarmKind};
use crate::metrics::AppLabels;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RoundLabels {
    app: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    app: String,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    app: String,
    kind: &'static str,
}

/// A number that may go down.
type Level = Gauge<i64, AtomicI64>;

/// All counters about GitHub.
#[derive(Debug, Default)]
pub(crate) struct IngestMetrics {
    rounds: Family<RoundLabels, Counter>,
    taken: Family<AppLabels, Counter>,
    refused: Family<ReasonLabels, Counter>,
    last_success: Family<AppLabels, Level>,
    rate_remaining: Family<AppLabels, Level>,
    rate_reset: Family<AppLabels, Level>,
    alarms: Family<KindLabels, Level>,
}

impl IngestMetrics {
    /// Registers all of them.
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let new = Self::default();
        let (rounds, taken, refused) = (new.rounds.clone(), new.taken.clone(), new.refused.clone());
        registry.register("ingest_rounds", "Looks at GitHub by outcome", rounds);
        registry.register("ingest_assets_taken", "Assets that were taken from GitHub", taken);
        registry.register("ingest_assets_refused", "Assets that were not taken, by reason", refused);
        registry.register(
            "ingest_last_success_seconds",
            "When GitHub was last looked at with success, in seconds since 1970",
            new.last_success.clone(),
        );
        registry.register(
            "github_rate_limit_remaining",
            "Requests that GitHub still allows",
            new.rate_remaining.clone(),
        );
        registry.register(
            "github_rate_limit_reset_seconds",
            "When GitHub allows more requests, in seconds since 1970",
            new.rate_reset.clone(),
        );
        let help = "What a person should look at on GitHub: signed assets that were swapped or withdrawn, ambiguous ones";
        registry.register("ingest_alarms", help, new.alarms.clone());
        new
    }

    /// Counts a look.
    pub(crate) fn round(&self, app: &AppId, outcome: &'static str) {
        self.rounds.get_or_create(&RoundLabels { app: app.to_string(), outcome }).inc();
    }

    /// Notes a look that went well.
    pub(crate) fn success(&self, app: &AppId, now: jiff::Timestamp) {
        self.last_success.get_or_create(&AppLabels { app: app.to_string() }).set(now.as_second());
    }

    /// Counts an asset that was taken.
    pub(crate) fn taken(&self, app: &AppId) {
        self.taken.get_or_create(&AppLabels { app: app.to_string() }).inc();
    }

    /// Counts an asset that was not taken.
    pub(crate) fn refused(&self, app: &AppId, reason: &'static str) {
        self.refused.get_or_create(&ReasonLabels { app: app.to_string(), reason }).inc();
    }

    /// Shows what GitHub said about its limit.
    pub(crate) fn rate(&self, app: &AppId, left: Left) {
        let labels = AppLabels { app: app.to_string() };
        if let Some(requests) = left.requests.and_then(|left| i64::try_from(left).ok()) {
            self.rate_remaining.get_or_create(&labels).set(requests);
        }
        if let Some(reset) = left.reset {
            self.rate_reset.get_or_create(&labels).set(reset);
        }
    }

    /// Shows how many alarms there are, of each kind.
    pub(crate) fn alarms(&self, app: &AppId, alarms: &[Alarm]) {
        for kind in AlarmKind::ALL {
            let count = alarms.iter().filter(|alarm| alarm.kind == kind).count();
            let labels = KindLabels { app: app.to_string(), kind: kind.label() };
            self.alarms.get_or_create(&labels).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}
