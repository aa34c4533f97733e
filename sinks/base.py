"""What a sink is given to show and what it answers: pages, receipts, secrets."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, runtime_checkable

Severity: TypeAlias = Literal["page", "ticket", "watch"]
IncidentState: TypeAlias = Literal["open", "acknowledged", "resolved"]
Reason: TypeAlias = Literal[
    "rate_limited",
    "server_error",
    "no_answer",
    "unreachable",
    "auth",
    "not_found",
    "invalid_page",
    "too_large",
    "blocked",
]
"""Why a page was not taken: a closed list, the label of a metric."""

Handle: TypeAlias = dict[str, str]
"""What a sink wants back with the next page of the same incident: ids of the messages it wrote."""


class Secret:
    """A value that prints as `***` everywhere; `reveal()` gives it to the one who sends it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a sentence. `text` is foreign: each sink escapes it in its own way.

    Attributes:
        text: what is read.
        style: `plain`, `bold` or `code`.
        url: where it leads, only http(s); None for plain text.
    """

    text: str
    style: Literal["plain", "bold", "code"] = "plain"
    url: str | None = None


Sentence: TypeAlias = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """One labelled finding: *Success* 94.8 % → 85.9 %; *Where* `agent_version=v41` holds 98 % of the change."""

    label: str
    value: Sentence


@dataclass(frozen=True, slots=True)
class Chart:
    """Numbers of the chart: success (or another share) per bucket with the band of what is normal.

    Attributes:
        title: "qualify · success per hour".
        subtitle: one line of numbers under it.
        at: starts of the buckets, epoch seconds.
        value: share shown, 0 to 1; None where there were no trials.
        low, high: band of normal buckets; None while nothing is learned.
        normal: the baseline's mean, or None.
        onset, opened, resolved: marks, epoch seconds, or None.
        worse: `below` when the bad side is under the band, `above` when it is over it.
        bucket: length of a bucket in seconds.
        unit: `share` (0 to 1, shown in percent) or `count`.
        timezone: IANA name for the dates on the axis.
    """

    title: str
    subtitle: str
    at: tuple[int, ...]
    value: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    normal: float | None
    onset: int | None = None
    opened: int | None = None
    resolved: int | None = None
    worse: Literal["below", "above"] = "below"
    bucket: int = 3600
    unit: Literal["share", "count"] = "share"
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Link:
    """A place to go on reading."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class News:
    """One change of the incident that this sink has not told yet: a reply in the thread.

    Attributes:
        number: number of the change within the incident, from 1.
        at: when, epoch seconds.
        text: one sentence.
        raised: the severity rose with it, or it was reopened, so people are called again.
        reopened: it was over, and is not.
    """

    number: int
    at: int
    text: str
    raised: bool = False
    reopened: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """All that a person is told of one incident at one moment. Plain JSON types throughout.

    Attributes:
        key: the incident's id; a sink shows one message per key.
        version: number of the newest change in it; an older version never overwrites a newer one.
        change: what happened last: `opened`, `updated`, `acknowledged`, `resolved` or `reopened`.
        about: `agents`; `bellbuoy` for troubles of our own (shown with a wrench); `audit` for a report, which nobody is called for
            and nothing ends: it is `resolved` from the beginning.
        headline: "qualify fell from 94.8 % to 85.9 %", at most 150 characters.
        summary: one full sentence for notifications, search and screen readers.
        impact: what it means for people, as a sentence with emphasis.
        facts: numbers, two columns. findings: *Where*, *Just before*, *Ruled out*.
        foot: short remarks: detector, who was called.
        at, opened_at, resolved_at, onset: epoch seconds.
        rows: of a digest, the incidents that it tells; such a page has no buttons of its own.
        more: how many incidents a digest tells beside `rows`.
        timezone: IANA name for texts.
        data: the leading verdict as plain JSON, for sinks that programs read.
        attempt: number of the try, from 1: an ambiguous one may have arrived.
        tried_at: when this try was made, epoch seconds: sinks read no clock, and a signature needs one. None: `at`.
        handle: what the last `sent` returned for this incident, or None.
        muted: nobody is to be called: what is shown is edited, and nothing new appears. A sink that `edits` is given every
            change so, one that `keeps` states only a new state.
    """

    key: str
    version: int
    change: Literal["opened", "updated", "acknowledged", "resolved", "reopened"]
    state: IncidentState
    severity: Severity
    headline: str
    summary: str
    impact: Sentence
    at: int
    opened_at: int
    onset: int | None = None
    resolved_at: int | None = None
    about: Literal["agents", "bellbuoy", "audit"] = "agents"
    workflow: str = ""
    facts: tuple[Fact, ...] = ()
    findings: tuple[Fact, ...] = ()
    chart: Chart | None = None
    links: tuple[Link, ...] = ()
    foot: tuple[str, ...] = ()
    news: tuple[News, ...] = ()
    rows: tuple[Sentence, ...] = ()
    more: int = 0
    timezone: str = "UTC"
    data: dict[str, Any] = field(default_factory=dict)
    attempt: int = 1
    tried_at: int | None = None
    handle: Handle | None = None
    muted: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """The page is there."""

    handle: Handle


@dataclass(frozen=True, slots=True)
class Retry:
    """Not now; worth another try.

    Attributes:
        after: seconds the receiver asked for, or None where it named none.
        reason: from the closed list; `no_answer` is the ambiguous one: the page may have arrived.
        handle: what was already done in this try and must not be done again, or None.
    """

    after: float | None
    reason: Reason
    handle: Handle | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Never; trying again changes nothing.

    Attributes:
        reason: from the closed list.
        why: one sentence with the way out, never holding a secret.
    """

    reason: Reason
    why: str


Receipt: TypeAlias = Sent | Retry | Refused


@runtime_checkable
class Sink(Protocol):
    """A frozen dataclass; its fields are the YAML keys, their docstrings the documentation.

    `send` does not raise for the outside world, does not sleep, retry, log, or decide whether to send.
    Class attributes declare what is true of it; the battery holds it to that. Four more may be there: `pace`, seconds between
    two sends; `storm`, an object whose `incidents` and `within` (seconds) say when new incidents become one page with `rows`;
    `repeat`, seconds after which the page of an incident that lasts is sent anew, with its handle; and `keeps`, true where the
    receiver keeps the state of each incident, and calls nobody when somebody has it or it is over.
    """

    edits: ClassVar[bool]
    threads: ClassVar[bool]
    images: ClassVar[bool]
    resolves: ClassVar[bool]

    def send(self, page: Page) -> Receipt:
        """Show the page; `page.handle` is what the last `Sent` gave for this incident."""


@runtime_checkable
class Probes(Protocol):
    """A sink that can say whether its receiver is there. Only `bellbuoy doctor` asks."""

    def probe(self) -> str | None:
        """Return what is wrong, with the way out and without any secret, or None; nobody sees anything of it."""
