"""What the pages need: the values they show and the door through which they ask for them.

Shares are 0 to 1, instants epoch seconds. None means: not known. A page then says so in words.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from prometheus_client import CollectorRegistry

from bellbuoy.detectors.base import VerdictState
from bellbuoy.monitor.auditing.report import Audit
from bellbuoy.monitor.mapping.drawn import Map
from bellbuoy.sinks.base import Chart, IncidentState, News, Page, Secret, Severity

Verdict = VerdictState | Literal["none"]
"""`none`: nothing watches this series."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A small line in its band; the three are equally long, or `low` and `high` are empty."""

    value: tuple[float | None, ...] = ()
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """The SQL behind a card."""

    title: str
    sql: str


@dataclass(frozen=True, slots=True)
class Status:
    """How Bellbuoy itself is, on every page.

    Attributes:
        now: the present instant. checked_at: end of the last tick that was judged.
        open_incidents: how many.
        per_hour: interactions in the last hour. lag_s: age of the newest event that is stored.
    """

    now: float
    checked_at: float | None = None
    open_incidents: int = 0
    per_hour: float | None = None
    lag_s: float | None = None


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident in a list."""

    key: str
    headline: str
    state: IncidentState
    severity: Severity
    workflow: str
    opened_at: int
    step: str | None = None
    resolved_at: int | None = None
    impact: str = ""


@dataclass(frozen=True, slots=True)
class WorkflowRow:
    """A workflow in the overview.

    Attributes:
        ended: interactions with a known outcome in the span. well: share of them that ended well.
        well_before: the same in the baseline.
        budget_left: share of the error budget that is left, where there is an objective.
        state, why: the verdict on the end-to-end signal and its sentence.
    """

    name: str
    title: str
    ended: int
    well: float | None
    well_before: float | None = None
    trend: Trend = field(default_factory=Trend)
    state: Verdict = "none"
    why: str = ""
    budget_left: float | None = None


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source of events: `reading`, `paused`, `stopped` or `finished`, and why."""

    name: str
    state: Literal["reading", "paused", "stopped", "finished"]
    why: str = ""
    lag: str = ""
    last_event_at: float | None = None
    dead_letters: int = 0


@dataclass(frozen=True, slots=True)
class StoreState:
    """The store: writable or not, and why."""

    writable: bool
    why: str = ""
    size_bytes: int | None = None
    events: int | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """The page `/`: open incidents, the gravest first; workflows, the neediest first.

    Attributes:
        since, until: the span that the workflows' numbers cover.
    """

    since: float
    until: float
    incidents: tuple[IncidentRow, ...]
    workflows: tuple[WorkflowRow, ...]
    sources: tuple[SourceRow, ...]
    store: StoreState
    queries: tuple[Query, ...] = ()


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step in the funnel.

    Attributes:
        entered: interactions that ran it in the span.
        lost: interactions for which it was the first step that failed in the end.
        success: share of its final attempts that succeeded. normal: the same in the baseline.
        reask, handoff: shares of its runs.
        trend: of `success`, with the band of the baseline.
        state, why: the verdict on `step_failure`.
        incident: key of the open incident that it is in.
    """

    name: str
    entered: int
    lost: int
    success: float | None
    normal: float | None = None
    optional: bool = False
    reask: float | None = None
    handoff: float | None = None
    trend: Trend = field(default_factory=Trend)
    state: Verdict = "none"
    why: str = ""
    incident: str | None = None


@dataclass(frozen=True, slots=True)
class WorkflowView:
    """The page `/w/{workflow}`.

    Attributes:
        since, until: the span of its numbers.
        began: interactions in the span. ended: those with a known outcome. well: share of them that ended well.
        well_low, well_high: 95 % interval of `well`. well_before: `well` in the baseline.
        steps: in declared order.
        state, why: the verdict on the end-to-end signal.
        incidents: of this workflow, open ones first.
        chart: of the worst step, or None.
    """

    name: str
    title: str
    since: float
    until: float
    began: int
    ended: int
    well: float | None
    well_low: float | None = None
    well_high: float | None = None
    well_before: float | None = None
    objective: float | None = None
    budget_left: float | None = None
    steps: tuple[StepRow, ...] = ()
    state: Verdict = "none"
    why: str = ""
    incidents: tuple[IncidentRow, ...] = ()
    chart: Chart | None = None
    queries: tuple[Query, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a sink answered to the newest change."""

    sink: str
    state: str
    at: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class IncidentView:
    """The page `/i/{incident}`: the page as sinks were given it, its changes and their answers."""

    page: Page
    changes: tuple[News, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    queries: tuple[Query, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One finding about Bellbuoy itself."""

    name: str
    good: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """Answers of the three health paths: each is good when all its checks are."""

    live: tuple[Check, ...] = ()
    ready: tuple[Check, ...] = ()
    started: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of an ad hoc query.

    Attributes:
        table: a pyarrow.Table.
        truncated: a limit cut it. note: which one and how to raise it.
        took_ms: milliseconds that it took.
        as_of: end of the last tick that was judged, epoch seconds; None before the first.
        types: DuckDB's names of the columns' types, or none where they are not known.
    """

    table: Any
    truncated: bool = False
    note: str = ""
    took_ms: float = 0.0
    as_of: float | None = None
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """An ad hoc query as it was asked.

    Attributes:
        sql: the SELECT.
        explain: its plan is wanted, not its rows.
        rows, seconds: lower limits than the configured ones, or None.
        gone: set when nobody waits for the answer any more; None where that is not known.
    """

    sql: str
    explain: bool = False
    rows: int | None = None
    seconds: float | None = None
    gone: threading.Event | None = field(default=None, compare=False)


class QueryRefused(Exception):  # noqa: N818 - the state is the name
    """A query that is not run or was stopped.

    Attributes:
        status: 400 wrong, 403 switched off, 408 too slow, 429 too many at once, 499 nobody waits any more, 503 not now.
    """

    def __init__(self, why: str, status: int = 400) -> None:
        self.status = status
        super().__init__(why)


class ServerSettings(Protocol):
    """What is read of `server:` in the configuration."""

    @property
    def listen(self) -> str:
        """HOST:PORT."""

    @property
    def public_url(self) -> str | None:
        """Where people find the dashboard."""

    @property
    def token(self) -> Secret | None:
        """What a reader must show, or None on loopback."""

    @property
    def timezone(self) -> str:
        """IANA name for texts."""


class Door(Protocol):
    """Answers the pages. Called from threads, several at a time; no answer may take longer than two seconds."""

    @property
    def server(self) -> ServerSettings:
        """The configuration's `server`."""

    @property
    def registry(self) -> CollectorRegistry:
        """The metrics."""

    def status(self) -> Status:
        """Return how Bellbuoy is; cheap, asked for every page."""

    def overview(self) -> Overview:
        """Return what `/` shows."""

    def names(self) -> Sequence[str]:
        """Return the names of the workflows that are declared or were ever seen, sorted."""

    def workflow(self, name: str) -> WorkflowView | None:
        """Return what `/w/{name}` shows; None where no such workflow is declared or seen."""

    def incidents(self, limit: int) -> Sequence[IncidentRow]:
        """Return incidents, open ones first, then the newest."""

    def incident(self, key: str) -> IncidentView | None:
        """Return what `/i/{key}` shows, or None."""

    def maps(self, workflow: str | None, span_s: float, until: int | None) -> Sequence[Map]:
        """Return the map of a workflow, or of each; it may take longer than two seconds.

        Raises:
            NotMapped: there is no such workflow, or there are too many.
        """

    def audits(self, workflow: str | None, span_s: float, until: int | None, back_s: float) -> Sequence[Audit]:
        """Return the audit of a workflow, or of each, held against the one that ended `back_s` earlier; it may take longer.

        Raises:
            NotMapped: there is no such workflow, or there are too many.
        """

    def health(self) -> Health:
        """Return the findings about Bellbuoy itself; must not wait for the store."""

    def ask(self, asked: Ask) -> Answer:
        """Run one SELECT under the limits of `query:`.

        Raises:
            QueryRefused: with a sentence for the person who asked.
        """
