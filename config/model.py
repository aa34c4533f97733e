"""The whole configuration; every key of the YAML is a field here or in the files that this one names."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from bellbuoy.config.quantities import Delay, Duration, Tick
from bellbuoy.config.server import Batch, Duplicates, Ingest, Query, Reload, Retention, Server, Store, Temp
from bellbuoy.config.shapes import Many, Name, Shape
from bellbuoy.config.sources import Feed, Files, Future, Http, Kafka, Mapping, Security, Source
from bellbuoy.config.standing import standing
from bellbuoy.config.telling import Audit, Heartbeat, Quiet, Route, SinkEntry, When
from bellbuoy.config.timetable import Week
from bellbuoy.config.watching import Baseline, Budget, DetectorEntry, Outage, Severity, Signal, Size
from bellbuoy.config.workflows import Integration, Knowledge, Step, Workflow

__all__ = [
    "Audit", "Baseline", "Batch", "Budget", "Config", "DetectorEntry", "Duplicates", "Feed", "Files", "Future",
    "Heartbeat", "Http", "Ingest", "Integration", "Kafka", "Knowledge", "Mapping", "Outage", "Query", "Quiet", "Reload",
    "Retention", "Route", "Security", "Server", "Severity", "Signal", "SinkEntry", "Size", "Source", "Step", "Store",
    "Temp", "Week", "When", "Workflow",
]  # fmt: skip


class Config(Shape):
    """What Bellbuoy reads, watches and tells."""

    version: Literal[1] = Field(examples=[1])
    """Version of this format: 1."""
    server: Server = Server()
    """The dashboard and the HTTP interface."""
    store: Store = Store()
    """The one DuckDB file that holds all state."""
    ingest: Ingest = Ingest()
    """Limits of what is taken in."""
    query: Query = Query()
    """Read-only SQL for people, and its limits."""
    reload: Reload = Reload()
    """Taking over a changed configuration while running."""
    sources: Annotated[Many[Source], Field(min_length=1)] = Field(examples=[[{"files": {"path": "./logs/*.jsonl"}}]])
    """Where events come from."""
    workflows: Many[Workflow] = ()
    """The processes of the agents, where they are known."""
    signals: Many[Signal] = ()
    """Signals of your own, beside the built-in ones."""
    tick: Tick = 300.0
    """How often series are judged: whole minutes that divide an hour."""
    budget: Budget = Budget()
    """How often Bellbuoy may be wrong."""
    baselines: dict[Name, Baseline] = Field(default={"default": Baseline()})
    """What normal is, by name; `default` is the learning one."""
    detectors: Many[DetectorEntry]
    """What is watched. Without this key the list of `config/default.yaml` is used; what must not happen is watched in any case."""
    severity: Severity = Severity()
    """Severity by the size of the change."""
    ended_after: Annotated[Duration, Field(le=28 * 86400.0)] = 7 * 86400.0
    """A step without a trial for so long, while its workflow goes on, was taken out: its incident ends and says so."""
    reopen_within: Annotated[Delay, Field(le=28 * 86400.0)] = 86400.0
    """What is bad again within so long after its incident ended reopens that one, in its message and thread; `0s`: it opens another."""
    sinks: Annotated[dict[Name, SinkEntry], Field(min_length=1)] = Field(examples=[{"out": {"console": {}}}])
    """Where pages go, by name: `{ NAME: { KIND: settings } }`."""
    routes: Many[Route] = ()
    """Which sinks get which incident; the first that matches wins."""
    undelivered_after: Duration = 900.0
    """A page that a sink has not taken for so long goes to the next route as well, and is an incident about Bellbuoy itself."""
    stalled_after: Duration = 300.0
    """Nothing is stored or judged, or a job fails, for so long: that is an incident about Bellbuoy itself."""
    outages: Many[Outage] = ()
    """Days on which the log, not the agent, was down."""
    quiet: Many[Quiet] = ()
    """Hours in which nobody is told."""
    audit: Audit | None = Field(default=None, examples=[{"every": "Mon 08:00", "to": ["out"]}])
    """The weekly report."""
    heartbeat: Heartbeat | None = Field(default=None, examples=[{"url": "https://hc.example.com/ping/abc"}])
    """A dead man's switch outside."""

    @model_validator(mode="before")
    @classmethod
    def _with_default_baseline(cls, data: object) -> object:
        if isinstance(data, dict) and isinstance(data.get("baselines"), dict):
            return {**data, "baselines": {"default": {}, **data["baselines"]}}
        return data

    @field_validator("detectors")
    @classmethod
    def _with_standing(cls, given: tuple[DetectorEntry, ...]) -> tuple[DetectorEntry, ...]:
        return (*given, *standing(given))
