"""What is watched and how it is judged: signals, budget, baselines, detectors, severity, outages."""

from typing import Annotated, Any, Literal

from pydantic import Field

from bellbuoy.config.instants import Instant, Last, Span
from bellbuoy.config.quantities import Delay, Duration, Share
from bellbuoy.config.shapes import Count, Many, Name, Shape, Text, Url


class Signal(Shape):
    """A signal of your own: two SQL predicates over events."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")] = Field(examples=["refund_reversed"])
    """Name, in small letters and underscores."""
    trial: Text = Field(examples=["action.class = 'money'"])
    """Which events are counted."""
    bad: Text = Field(examples=["attributes['reversed'] = 'true'"])
    """Which of them are bad."""


class Budget(Shape):
    """How often Bellbuoy may be wrong: the one statistical dial."""

    false_pages: Annotated[float, Field(gt=0, le=10_000)] = 2
    """Openings without a cause that are allowed in `per`."""
    per: Duration = 30 * 86400.0
    """The time they are counted over."""
    scope: Literal["fleet", "series"] = "fleet"
    """Over everything that is watched together (`fleet`), or for each series on its own."""


class Baseline(Shape):
    """What normal is: learned from the last weeks, or pinned to a span."""

    learn: Duration = 28 * 86400.0
    """Length of the history it is learned from."""
    lag: Delay = 7 * 86400.0
    """How long ago that history ends, so that a slow change does not become normal."""
    season: Literal["auto", "none", "day", "week"] = "auto"
    """Profile by hour of the day or of the week; `auto` takes what describes the data best."""
    min_trials: Count = 1000
    """Trials it needs before anything is judged by it."""
    min_bad: Annotated[int, Field(ge=0)] = 20
    """Bad trials it needs."""
    min_span: Delay = 7 * 86400.0
    """Days it needs."""
    pinned: Span | None = Field(default=None, examples=["2026-09-01..2026-09-28"])
    """A fixed span instead of the last weeks (whole days in UTC): the anchor, such as month one."""


class DetectorEntry(Shape):
    """One detector on one signal."""

    name: Name = Field(examples=["step-success"])
    """Name, as pages and routes call it."""
    signal: Name = Field(examples=["step_failure"])
    """What it judges: a built-in signal or one of `signals`."""
    by: Annotated[Many[Name], Field(min_length=1)] = Field(examples=[["workflow", "step"]])
    """What gets a series of its own: `workflow`, `step`, and fields of the event (segments)."""
    kind: Name = Field(examples=["rate_shift"])
    """How it judges: `rate_shift`, `slow_drift`, `volume`, `silence`, `burn`, `never`, or your own as
    `module:Class`."""
    settings: dict[str, Any] = Field(default={})
    """Settings of the kind itself."""
    min_change: Share = 0.02
    """Smallest change worth knowing: rules severity and the way back, not detection."""
    direction: Literal["up", "down", "both"] = "up"
    """Watch for more bad (`up`), less (`down`) or both; for volumes, `down` means fewer."""
    ignore_below: Share = 0.0
    """A change smaller than this counts as normal."""
    at_most: Literal["watch", "ticket", "page"] = "page"
    """The gravest that an incident of it can be, whatever the size of the change."""
    weight: Annotated[float, Field(gt=0, le=1000)] = 1
    """Its share of the budget of false pages, against the other detectors."""
    baseline: Name | None = Field(default=None, examples=["default"])
    """One of `baselines`. Unless set: the learning one; for `slow_drift` an anchor that it learns by itself."""
    slices: Many[Name] = Field(default=(), examples=[["agent_version", "model", "channel", "intent"]])
    """Fields by which an incident is explained."""
    stratify: Many[Name] = Field(default=(), examples=[["intent", "channel"]])
    """Fields whose mix may change without being a fault: each of their values is compared with what is normal for it."""
    runbook: Url | None = Field(default=None, examples=["https://wiki.example.com/runbooks/step-success"])
    """Where a page sends its reader; the step's or workflow's own unless set."""


class Size(Shape):
    """From which size on a change has this severity, by the lower bound of the change."""

    change: Share = Field(examples=["5%"])
    """Change of a share, in percentage points."""
    volume: Share = Field(examples=["50%"])
    """Share of the volume lost or gained."""


class PageSize(Size):
    """From which size on an incident is a page."""

    change: Share = 0.05
    volume: Share = 0.5


class TicketSize(Size):
    """From which size on an incident is a ticket."""

    change: Share = 0.02
    volume: Share = 0.2


class Severity(Shape):
    """Severity by the size of the change. What is smaller than `ticket` is `watch`; silence is always a page."""

    page: PageSize = PageSize()
    """Wakes somebody."""
    ticket: TicketSize = TicketSize()
    """Is looked at in working hours."""


class Outage(Shape):
    """Days on which the log, not the agent, was down: neither judged nor learned from."""

    from_: Instant = Field(alias="from", examples=["2026-10-03"])
    """First day, or a time."""
    to: Last = Field(examples=["2026-10-04"])
    """Last day, which counts as a whole, or a time."""
    why: Text = Field(examples=["collector down"])
    """What happened."""
