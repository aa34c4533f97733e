"""The daemon's own settings: where it listens, what it keeps, how much it takes in and gives out."""

from typing import Annotated, Literal

from pydantic import Field

from bellbuoy.config.quantities import Delay, Duration, Memory, Share, Size, Threads
from bellbuoy.config.references import SecretField
from bellbuoy.config.shapes import Count, Shape, Text, Url


class Server(Shape):
    """The dashboard and the HTTP interface."""

    listen: Annotated[str, Field(pattern=r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$")] = "127.0.0.1:8420"
    """HOST:PORT to listen on. An address other people can reach needs `token`."""
    public_url: Url | None = Field(default=None, examples=["https://bellbuoy.example.com"])
    """Where people find the dashboard: the links in pages begin with it."""
    token: SecretField | None = Field(default=None, examples=[{"file": "/run/secrets/bellbuoy_token"}])
    """What a reader must show to see anything."""
    timezone: Annotated[str, Field(min_length=1, max_length=64)] = Field(default="UTC", examples=["Europe/Berlin"])
    """IANA name of the time zone of the hour-of-day profile and of texts. Storage is UTC."""


class Retention(Shape):
    """How long each kind of row is kept."""

    events: Duration = 90 * 86400.0
    """Single events; with `exports`, only days whose file holds them all are deleted. Longer history stays in the counts."""
    minutes: Duration = 400 * 86400.0
    """Counts finer than a day: a minute for 35 days at least and as long as a baseline needs it, then an hour."""
    dead_letters: Duration = 14 * 86400.0
    """Messages that could not be read."""
    daily: Duration = 5 * 365 * 86400.0
    """Counts of a day, verdicts and notes."""


class Temp(Shape):
    """Where large queries and fits spill to disk."""

    path: Text | None = Field(default=None, examples=["/var/lib/bellbuoy/tmp"])
    """Folder; beside the store unless set."""
    max: Size = 2 << 30
    """Largest size of the spilled files."""


class Store(Shape):
    """The one DuckDB file that holds all state."""

    path: Text = "bellbuoy.duckdb"
    """The file."""
    on_corrupt: Literal["set_aside", "refuse"] = "set_aside"
    """What `bellbuoy run` does with a damaged file at its start: rename it and begin a new one, or end with exit 75."""
    memory_limit: Size = 1 << 30
    """Memory that DuckDB may use at most; the process needs about 400 MiB more, and taking events in little of this."""
    exports: Text | None = Field(default=None, examples=["/var/lib/bellbuoy/exports"])
    """Folder for Parquet exports, one file a day; none unless set."""
    retention: Retention = Retention()
    """How long each kind of row is kept."""
    threads: Threads = "auto"
    """Threads of DuckDB; `auto` means the cores there are, at most 4."""
    compact_every: Duration = 600.0
    """How often the counts of closed minutes are summed to one row a series."""
    checkpoint: Size = 256 << 20
    """Size of the write-ahead log at which it is merged into the file; with 100,000 events in it, it is merged sooner."""
    temp: Temp = Temp()
    """Where large queries and fits spill to disk."""


class Batch(Shape):
    """How much is written in one transaction: whichever limit is met first."""

    rows: Annotated[int, Field(ge=1, le=1_000_000)] = 20_480
    """Events in a batch. From 10,240 on they are written past the log, which costs a third less."""
    bytes: Size = 16 << 20
    """Bytes in a batch."""
    every: Duration = 1.0
    """Longest time that an event waits to be written."""


class Duplicates(Shape):
    """How far back an event that comes twice is recognised."""

    window: Duration = 86400.0
    """Age up to which identities are remembered."""
    keys: Count = 4_000_000
    """Identities remembered, 8 bytes each."""


class Ingest(Shape):
    """Limits of what is taken in."""

    batch: Batch = Batch()
    """How much is written in one transaction."""
    lateness: Delay = 300.0
    """A tick closes so long after its end; later events still count, at their own minute."""
    max_message: Size = 64 << 10
    """A larger message becomes a dead letter."""
    max_series: Count = 5000
    """Series that are counted; what is past it counts in segment `other`."""
    max_segments: Count = 50
    """Strata (see `stratify`) of one signal, workflow and step; what is past it counts in stratum `other`."""
    open_interactions: Count = 200_000
    """Interactions without an end that are closed in one transaction; of more, the rest in the next ones."""
    duplicates: Duplicates = Duplicates()
    """How far back an event that comes twice is recognised."""


class Query(Shape):
    """Read-only SQL for people, and its limits."""

    enabled: bool = True
    """False closes the door altogether."""
    seconds: Annotated[float, Field(gt=0, le=3600)] = 10
    """Seconds a query may run."""
    rows: Count = 100_000
    """Rows an answer may have."""
    bytes: Size = 64 << 20
    """Bytes an answer may have."""
    at_once: Annotated[int, Field(ge=1, le=64)] = 2
    """Queries that run at the same time."""
    waiting: Annotated[int, Field(ge=0, le=64)] = 8
    """Queries that wait for a place; one more is refused with 429."""
    text: Annotated[Size, Field(le=1 << 20)] = 16 << 10
    """Bytes of a query's text: a plan grows faster than its text."""
    process_memory: Memory = "auto"
    """Memory that the daemon may take beside what it starts with (Linux); `auto`: twice `store.memory_limit` and 1 GiB."""


class Reload(Shape):
    """Taking over a changed configuration while running."""

    watch: bool = True
    """Look at this file and at the secret files; else only on SIGHUP or on request."""
    every: Duration = 5.0
    """How often to look."""


class DeadLetters(Shape):
    """When a source of unreadable messages is stopped rather than eaten."""

    max_share: Share = 0.05
    """Share of unreadable messages past which reading stops and an incident about ourselves opens."""
    max_consecutive: Count = 1000
    """Unreadable messages in a row past which it does."""
    window: Count = 10_000
    """How many of the last messages `max_share` looks at; it is judged once a tenth of them has come."""
