//! What the server counts, in Prometheus' text format.
//!
//! Labels are words from short fixed lists or names of served apps and their roles, never text from a request: an attacker cannot
//! grow the memory of the server or of whoever scrapes it.

use std::sync::atomic::{AtomicI64, AtomicU64};

use axum::http::Method;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::ingest::IngestMetrics;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RequestLabels {
    pub(crate) method: &'static str,
    pub(crate) route: &'static str,
    pub(crate) status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct AppLabels {
    pub(crate) app: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RoleLabels {
    pub(crate) app: String,
    pub(crate) role: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OutcomeLabels {
    pub(crate) outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct StoreLabels {
    pub(crate) operation: &'static str,
    pub(crate) outcome: &'static str,
}

/// All counters of one server.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) requests: Family<RequestLabels, Counter>,
    pub(crate) seconds: Histogram,
    pub(crate) connections: Gauge<i64, AtomicI64>,
    pub(crate) refused_connections: Counter,
    pub(crate) panics: Counter,
    pub(crate) patches: Family<OutcomeLabels, Counter>,
    pub(crate) patches_waiting: Gauge<i64, AtomicI64>,
    pub(crate) patches_running: Gauge<i64, AtomicI64>,
    pub(crate) patch_seconds: Histogram,
    pub(crate) patch_cache_bytes: Gauge<u64, AtomicU64>,
    pub(crate) twins: Family<OutcomeLabels, Counter>,
    pub(crate) lantern_checks: Family<OutcomeLabels, Counter>,
    pub(crate) uploaded_bytes: Counter,
    pub(crate) publications: Family<OutcomeLabels, Counter>,
    pub(crate) renewals: Family<OutcomeLabels, Counter>,
    pub(crate) timestamp_expires: Family<AppLabels, Gauge<i64, AtomicI64>>,
    pub(crate) metadata_expires: Family<RoleLabels, Gauge<i64, AtomicI64>>,
    pub(crate) ingest: IngestMetrics,
    pub(crate) store_requests: Family<StoreLabels, Counter>,
    pub(crate) store_lease_epoch: Family<AppLabels, Gauge<i64, AtomicI64>>,
    pub(crate) store_lost_leases: Counter,
    pub(crate) store_lost_races: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("autoupdate"),
            requests: Family::default(),
            seconds: Histogram::new([0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0]),
            connections: Gauge::default(),
            refused_connections: Counter::default(),
            panics: Counter::default(),
            patches: Family::default(),
            patches_waiting: Gauge::default(),
            patches_running: Gauge::default(),
            patch_seconds: Histogram::new([0.1, 0.5, 2.0, 10.0, 60.0, 300.0, 1200.0]),
            patch_cache_bytes: Gauge::default(),
            twins: Family::default(),
            lantern_checks: Family::default(),
            uploaded_bytes: Counter::default(),
            publications: Family::default(),
            renewals: Family::default(),
            timestamp_expires: Family::default(),
            metadata_expires: Family::default(),
            ingest: IngestMetrics::default(),
            store_requests: Family::default(),
            store_lease_epoch: Family::default(),
            store_lost_leases: Counter::default(),
            store_lost_races: Counter::default(),
        };
        let registry = &mut metrics.registry;
        metrics.ingest = IngestMetrics::new(registry);
        registry.register("requests", "Requests by method, kind and status", metrics.requests.clone());
        registry.register("request_seconds", "Time until an answer begins", metrics.seconds.clone());
        registry.register("connections", "Open connections", metrics.connections.clone());
        registry.register(
            "refused_connections",
            "Connections closed at once: one address had too many",
            metrics.refused_connections.clone(),
        );
        registry.register(
            "panics",
            "Bugs that panicked, in requests and behind them",
            metrics.panics.clone(),
        );
        registry.register("patches", "Patches by what became of them", metrics.patches.clone());
        registry.register("patches_waiting", "Patches waiting to be made", metrics.patches_waiting.clone());
        registry.register("patches_running", "Patches being made", metrics.patches_running.clone());
        registry.register("patch_seconds", "Time to make a patch", metrics.patch_seconds.clone());
        registry.register("patch_cache_bytes", "Patches on disk", metrics.patch_cache_bytes.clone());
        registry.register("twins", "Compressed twins by what became of them", metrics.twins.clone());
        registry.register(
            "lantern_checks",
            "Checks of old Lantern clients by outcome",
            metrics.lantern_checks.clone(),
        );
        registry.register("uploaded_bytes", "Bytes of objects uploaded", metrics.uploaded_bytes.clone());
        registry.register("publications", "Publications by outcome", metrics.publications.clone());
        registry.register("renewals", "Renewals of online roles by outcome", metrics.renewals.clone());
        registry.register(
            "timestamp_expires_seconds",
            "When the timestamp of an app expires, in seconds since 1970",
            metrics.timestamp_expires.clone(),
        );
        registry.register(
            "metadata_expires_seconds",
            "When the metadata of a role of an app expires, in seconds since 1970; 0: it cannot be read",
            metrics.metadata_expires.clone(),
        );
        metrics.register_store();
        metrics
    }

    fn register_store(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "store_requests",
            "Requests to the bucket by what was asked and what came of it",
            self.store_requests.clone(),
        );
        registry.register(
            "store_lease_epoch",
            "The number of the last lease of an app that this server held: who has the greatest signed last",
            self.store_lease_epoch.clone(),
        );
        registry.register(
            "store_lost_leases",
            "Leases that another server took because this one was too slow",
            self.store_lost_leases.clone(),
        );
        registry.register(
            "store_lost_races",
            "Publications and renewals that began anew because another server was faster",
            self.store_lost_races.clone(),
        );
    }

    /// The text that Prometheus scrapes.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }

    /// Counts what became of a patch.
    pub(crate) fn patch(&self, outcome: &'static str) {
        self.patches.get_or_create(&OutcomeLabels { outcome }).inc();
    }
}

/// The method as a label: a client may invent methods, a label may not.
pub(crate) fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "PUT" => "PUT",
        "POST" => "POST",
        _ => "other",
    }
}
