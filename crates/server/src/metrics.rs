//! `/metrics`: the counters of the domain in the Prometheus text format.

use jmessage_core::{Core, Stats};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, text::encode},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};
use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// Renders all metrics.
pub(crate) fn render(core: &Core) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Domain(core.clone())));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

struct Domain(Core);

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Domain")
    }
}

/// Name, help, and where the number is.
type Row = (&'static str, &'static str, fn(&Stats) -> &AtomicU64);

const COUNTERS: &[Row] = &[
    ("jmessage_logins", "Logins that opened a session", |s| &s.logins),
    ("jmessage_resumes", "Sessions resumed on a new connection", |s| &s.resumes),
    ("jmessage_messages", "Messages stored", |s| &s.messages),
    ("jmessage_repeats", "Messages sent again under a key already stored", |s| &s.repeats),
    ("jmessage_deliveries", "Entries offered to sessions online", |s| &s.deliveries),
    ("jmessage_kicks", "Sessions ended by a login elsewhere", |s| &s.kicks),
    ("jmessage_slow_cuts", "Sessions cut because they read too slowly", |s| &s.cuts),
    ("jmessage_busy", "Commands, logins and calls refused because too much was waiting", |s| &s.busy),
    ("jmessage_trimmed", "Messages removed because they were not to be kept any longer", |s| &s.trimmed),
    ("jmessage_uploads", "Files uploaded", |s| &s.uploads),
    ("jmessage_upload_bytes", "Bytes of the files uploaded", |s| &s.upload_bytes),
    ("jmessage_uploads_refused", "Uploads refused", |s| &s.uploads_refused),
    ("jmessage_commits", "Transactions committed", |s| &s.commits),
    ("jmessage_commit_failures", "Transactions that failed", |s| &s.commit_failures),
];

impl Collector for Domain {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let stats = self.0.stats();
        let gauge = ConstGauge::new(stats.sessions.load(Relaxed));
        gauge.encode(encoder.encode_descriptor(
            "jmessage_sessions",
            "Sessions online",
            None,
            prometheus_client::metrics::MetricType::Gauge,
        )?)?;
        let waiting = ConstGauge::new(i64::try_from(self.0.waiting()).unwrap_or(i64::MAX));
        waiting.encode(encoder.encode_descriptor(
            "jmessage_waiting_commands",
            "Commands that wait for the writer",
            None,
            prometheus_client::metrics::MetricType::Gauge,
        )?)?;
        for (name, help, read) in COUNTERS {
            let counter = ConstCounter::new(read(stats).load(Relaxed));
            counter.encode(encoder.encode_descriptor(
                name,
                help,
                None,
                prometheus_client::metrics::MetricType::Counter,
            )?)?;
        }
        Ok(())
    }
}
