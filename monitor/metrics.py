"""Every metric of the daemon, in one list, on one registry of our own.

Labels hold configured names and closed lists only: never an interaction, an error's text or a URL.
"""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from bellbuoy.monitor.lateness import Lateness

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30)


class Metrics:
    """The metrics, each an attribute named as it is exposed, without the prefix `bellbuoy_`."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second line for each counter that nobody reads
        self.registry = CollectorRegistry(auto_describe=True)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter("bellbuoy_" + name, text, labels, registry=self.registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge("bellbuoy_" + name, text, labels, registry=self.registry)

        def histogram(name: str, text: str, *labels: str) -> Histogram:
            return Histogram("bellbuoy_" + name, text, labels, registry=self.registry, buckets=_SECONDS)

        self.build_info = gauge(
            "build_info", "Version of the daemon and what it runs on; always 1.", "version", "python", "duckdb"
        )
        self.config_info = gauge(
            "config_info", "The configuration as it was read: 12 characters of the file's SHA-256; always 1.", "sha256"
        )
        self.events = counter(
            "events",
            "What became of each message: stored, rejected (a dead letter) or duplicate (stored before).",
            "source",
            "result",
        )
        self.repeats_removed = counter(
            "repeats_removed", "Events that came again later than duplicates are known at arrival, removed daily."
        )
        self.series_folded = counter(
            "series_folded", "Names past ingest.max_series that were counted under `other`, once a batch.", "source"
        )
        self.dead_letters = counter("dead_letters", "Messages kept aside, by class.", "source", "reason")
        self.unknown_fields = counter(
            "unknown_fields", "Top-level fields that no event has, seen and not stored.", "source"
        )
        self.ingest_batch_duration = histogram(
            "ingest_batch_duration_seconds", "Append of one batch, to the commit.", "source"
        )
        self.ingest_latency = Lateness(self.registry)
        self.source_last_event = gauge("source_last_event_timestamp_seconds", "Newest event time stored.", "source")
        self.source_last_commit = gauge("source_last_commit_timestamp_seconds", "Last commit of events.", "source")
        self.source_paused = gauge("source_paused", "1 while the source waits for the store.", "source")
        self.source_stopped = gauge("source_stopped", "1 after the source stopped and a person must decide.", "source")
        self.source_skipped = counter(
            "source_skipped",
            "Records passed by when a person said where to go on: lost (the broker had them no more) or left_out.",
            "source",
            "result",
        )
        self.kafka_lag = gauge(
            "kafka_lag_messages", "End offset minus the store's offset.", "source", "topic", "partition"
        )
        self.store_size = gauge("store_size_bytes", "Size of the store's files.", "kind")
        self.store_merge_duration = histogram(
            "store_merge_duration_seconds", "Merge of the write-ahead log into the file, after a batch was committed."
        )
        self.store_writable = gauge("store_writable", "0 while writes fail.")
        self.ticks = counter("ticks", "Ticks that were judged, or failed.", "result")
        self.tick_duration = histogram("tick_duration_seconds", "Judging what was due, to the commit.")
        self.tick_last_success = gauge("tick_last_success_timestamp_seconds", "Last time that judging succeeded.")
        self.tick_judged = gauge(
            "tick_judged_timestamp_seconds", "End of the newest tick that was judged; 0 before the first."
        )
        self.late_trials = counter(
            "late_trials",
            "Trials that came after their tick was judged: taken in later, or too_old (a day late: counted, not judged).",
            "result",
        )
        self.series = gauge("series", "How many watched series hold which verdict.", "detector", "verdict")
        self.evidence_ratio = gauge(
            "evidence_ratio", "Evidence over threshold, worst direction; 1 opens.", "workflow", "step", "signal"
        )
        self.thresholds = gauge(
            "thresholds",
            "How many thresholds rest on the budget alone (not calibrated), on history, or on noise that no model describes.",
            "detector",
            "basis",
        )
        self.incidents = gauge("incidents", "Incidents now.", "state", "severity")
        self.incidents_opened = counter("incidents_opened", "Incidents opened, by severity at the opening.", "severity")
        self.budget_false_pages = gauge("budget_false_pages", "The budget of false pages for its period.")
        self.notifications = counter("notifications", "Receipts of sinks.", "sink", "result")
        self.notification_duration = histogram("notification_duration_seconds", "One send, to the receipt.", "sink")
        self.outbox_pages = gauge("outbox_pages", "Pages that wait.", "sink")
        self.outbox_oldest_age = gauge("outbox_oldest_age_seconds", "Age of the oldest page that waits.", "sink")
        self.pages_suppressed = counter(
            "pages_suppressed",
            "Pages kept back from a sink, by what muted them: silence, quiet or storm.",
            "sink",
            "reason",
        )
        self.page_delay = histogram("page_delay_seconds", "Change of an incident to its receipt `sent`.", "sink")
        self.slack_socket_connected = gauge(
            "slack_socket_connected",
            "1 while Slack tells over Socket Mode what is pressed, of sinks that use it.",
            "sink",
        )
        self.slack_presses = counter(
            "slack_presses",
            "Presses of buttons: done, declined (it was over, or cannot be), forbidden (not one of `actors`) or failed.",
            "action",
            "result",
        )
        self.slack_requests_refused = counter(
            "slack_requests_refused", "Requests to /slack/interactions that were not taken, and why.", "reason"
        )
        self.heartbeats = counter("heartbeats", "Pings of the dead man's switch outside.", "result")
        self.heartbeat_last_success = gauge("heartbeat_last_success_timestamp_seconds", "Last ping that arrived.")
        self.maintenance_last_success = gauge(
            "maintenance_last_success_timestamp_seconds", "Last success of a job.", "job"
        )
        self.ready = gauge("ready", "Each readiness check: 0 or 1.", "check")
        self.queries = counter("queries", "Ad hoc SQL by its end: ok, refused, timeout, error, gone, stuck.", "result")
        self.log_messages = counter("log_messages", "Log lines.", "level")

    def start(self, *, sources: Iterable[str], sinks: Iterable[str], at: float) -> None:
        """Give every fixed set of labels its zero, and every "last success" the start time.

        An alert on a metric that does not exist yet never fires.

        Args:
            sources: names of the sources.
            sinks: names of the sinks.
            at: start of the daemon, epoch seconds.
        """
        for result in ("taken", "too_old"):
            self.late_trials.labels(result)
        for source in sources:
            for result in ("stored", "rejected", "duplicate"):
                self.events.labels(source, result)
            for result in ("lost", "left_out"):
                self.source_skipped.labels(source, result)
            self.unknown_fields.labels(source)
            self.ingest_latency.begin(source)
            self.series_folded.labels(source)
            self.source_paused.labels(source).set(0)
            self.source_stopped.labels(source).set(0)
            self.source_last_commit.labels(source).set(at)
        for sink in sinks:
            for result in ("sent", "retry", "refused"):
                self.notifications.labels(sink, result)
            self.pages_suppressed.labels(sink, "silence")
            self.pages_suppressed.labels(sink, "quiet")
            self.pages_suppressed.labels(sink, "storm")
            self.outbox_pages.labels(sink).set(0)
            self.outbox_oldest_age.labels(sink).set(0)
        for result in ("ok", "error"):
            self.ticks.labels(result)
            self.heartbeats.labels(result)
        for level in ("WARNING", "ERROR"):
            self.log_messages.labels(level)
        for result in ("ok", "refused", "timeout", "error", "gone", "stuck"):
            self.queries.labels(result)
        self.tick_last_success.set(at)
        self.heartbeat_last_success.set(at)
        self.store_writable.set(1)
