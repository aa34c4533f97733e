"""Storms: many new incidents of one sink within a short time are told in one message, the digest, which is edited in place.

An incident in a storm gets a message of its own when somebody takes it, when it gets worse, or when it goes on for `OWN_AFTER_S`
and few are left. What a person muted is in no storm.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from bellbuoy.config.server import Server
from bellbuoy.monitor.explain.wording import TOLD_IN
from bellbuoy.monitor.judging.incidents import RANK, Incident
from bellbuoy.monitor.judging.records import Reader, Writer
from bellbuoy.monitor.muting import Mute, Mutes
from bellbuoy.monitor.store import Store
from bellbuoy.sinks.base import Link, News, Page, Sentence, Severity, Span

OWN_AFTER_S = 1800
"""What goes on for so long, and is among few, gets a message of its own."""
LOOK_S = 300
"""How often after that it is looked whether few are left."""
EDIT_S = 30
"""Seconds between two edits of a digest."""
ROWS = 20
"""Incidents that a digest lists."""
NAMED = 5
"""Workflows that a digest names."""


class Limit(Protocol):
    """More than `incidents` new ones within `within` seconds are a storm."""

    @property
    def incidents(self) -> int: ...  # noqa: D102 - documented at the sink
    @property
    def within(self) -> float: ...  # noqa: D102 - documented at the sink


class Storms:
    """The storms of one sink.

    Args:
        store: holds the outbox and the storms.
        sink: its name.
        limit: what a storm is; None: a sink that takes any number.
        mutes: who is not told.
        server: where the dashboard is reached, and the zone of the times in sentences.
    """

    def __init__(
        self, store: Store, sink: str, limit: Limit | None, mutes: Mutes, server: Server | None = None
    ) -> None:
        server = server or Server()
        self._store = store
        self._sink = sink
        self._limit = limit
        self._mutes = mutes
        self._public_url = str(server.public_url).rstrip("/") if server.public_url else None
        self._zone = server.timezone
        self._new: deque[float] = deque()  # when each of the last new incidents was told, or gathered
        self._edited: dict[str, float] = {}

    def told(self, row: Mapping[str, Any], now: float) -> None:
        """Take note that a page was taken: of what was new, or a digest whose next edit waits."""
        if row["digest"]:
            self._edited[row["incident"]] = now
        elif not row["shown"]:
            self._new.append(now)

    def forget(self) -> None:
        """Forget when anything was told: the clock was put back."""
        self._new.clear()
        self._edited.clear()

    def gather(self, now: float, keep: Callable[[Mapping[str, Any], Incident, Mute], None]) -> list[str]:
        """Put the new incidents into a storm where they are too many; return their names.

        Args:
            now: the instant, epoch seconds.
            keep: keeps back what is muted, which is in no storm.
        """
        if self._limit is None:
            return []
        while self._new and self._new[0] <= now - self._limit.within:
            self._new.popleft()
        unseen = self._store.rows("storms/unseen", sink=self._sink, now=int(now))
        if self._few(unseen):
            return []
        if self._mutes.any(now):
            unseen = [row for row in unseen if not self._kept(row, now, keep)]
            if self._few(unseen):
                return []
        with self._store.transaction() as tx:
            found = tx.rows("storms/open", sink=self._sink, since=int(now) - OWN_AFTER_S)
            storm = found[0]["id"] if found else self._begin(tx, unseen[0]["incident"], now)
            names = {name: [row[name] for row in unseen] for name in ("incident", "severity")}
            tx.show("gathered", pa.table(names))
            tx.run("storms/join", storm=storm)
            tx.run("storms/gather", reason=TOLD_IN + storm, sink=self._sink, until=int(now) + OWN_AFTER_S)
            tx.cursor.unregister("gathered")
            self._ask(tx, storm, now)
        self._new.extend([now] * len(unseen))
        return names["incident"]

    def _few(self, unseen: Sequence[Mapping[str, Any]]) -> bool:
        assert self._limit is not None, "asked only where there is one"
        return not unseen or len(self._new) + len(unseen) <= self._limit.incidents

    def _kept(
        self, row: Mapping[str, Any], now: float, keep: Callable[[Mapping[str, Any], Incident, Mute], None]
    ) -> bool:
        incident, mute = self._mutes.named(row["incident"], row["about"], now)
        if mute is not None:
            keep(row, incident, mute)
        return mute is not None

    def settle(self, now: float) -> None:
        """Take in what became of the incidents that storms tell: what is over is done, what goes on as it was is kept back.

        What is left due after it gets a message of its own: what somebody took, what is worse than it was, what goes on for long and
        is among few, and what began again after its storm was over.
        """
        for moved in self._store.rows("storms/moved", sink=self._sink, now=int(now)):
            storm, own_at = moved["storm"], min(moved["began_at"], int(now)) + OWN_AFTER_S
            few = self._limit is None or moved["left"] <= self._limit.incidents
            key = {"storm": storm, "sink": self._sink, "now": int(now), "reason": TOLD_IN + storm}
            with self._store.transaction() as tx:
                tx.run("storms/over", **key)
                if not (moved["ended"] or (few and now >= own_at)):
                    tx.run("storms/hold", **key, until=max(own_at, int(now) + LOOK_S))
                if moved["changed"] and not moved["ended"]:
                    self._ask(tx, storm, now)

    def take_out(self, incident: str, now: float) -> bool:
        """Take an incident that is about to get a message of its own out of the storm that told it; return whether one did."""
        found = self._store.rows("storms/own", incident=incident, sink=self._sink)
        if not found:
            return False
        with self._store.transaction() as tx:
            tx.run("storms/set_apart", incident=incident, sink=self._sink)
            tx.run("storms/anew", incident=incident, sink=self._sink, now=int(now))
            if not found[0]["ended"]:
                self._ask(tx, found[0]["storm"], now)
        return True

    def muted(self, storm: str, now: float) -> Mute | None:
        """Return what mutes all that a storm tells at present, the one that ends first; None where people are told of some of it."""
        return self._all_muted(self._store, storm, now, "watch") if self._mutes.any(now) else None

    def _all_muted(self, reader: Reader, storm: str, now: float, severity: Severity) -> Mute | None:
        """Return the mute that ends first where all is muted that goes on of a storm and is at least so bad."""
        found: Mute | None = None
        for row in reader.rows("storms/going", storm=storm):
            if RANK[row["severity"]] < RANK[severity]:
                continue
            _, mute = self._mutes.named(row["incident"], row["about"], now)
            if mute is None:
                return None
            found = mute if found is None or mute.until < found.until else found
        return found

    def page(self, row: Mapping[str, Any]) -> Page:
        """Return the digest that a row of the outbox asks for."""
        storm = row["incident"]
        found = self._store.rows("storms/one", storm=storm)[0]
        counts = self._store.rows("storms/counts", storm=storm)
        many, left = (sum(one[name] for one in counts) for name in ("incidents", "left"))
        over = found["ended_at"] is not None
        began, severity = found["began_at"], found["severity"]
        headline = f"{many:,} incidents at once" if many > 1 else "one more incident, after many"
        headline += "" if left else ", all over"
        where = ", ".join(f"{one['workflow']} {one['incidents']:,}" for one in counts[:NAMED])
        where += f" and {len(counts) - NAMED:,} more" if len(counts) > NAMED else ""
        on = f"{left:,} of them go on"
        if over:
            on = "what goes on has a message of its own" if left else "none of them goes on"
        raised = found["raised"] > row["sent"] > 0
        text = f"Now {many:,} incidents, and the worst of them is a {severity}."
        lead = (Span(f"{on[0].upper()}{on[1:]}. "),) if over else (Span(f"{left:,} of them", "bold"), Span(" go on. "))
        return Page(
            key=storm,
            version=row["wanted"],
            change="resolved" if over else ("updated" if row["sent"] else "opened"),
            state="resolved" if over else "open",
            severity=severity,
            headline=headline,
            summary=f"{'OVER' if over else 'OPEN'} {severity}: {headline}; {on}. By workflow: {where}.",
            impact=(*lead, Span(f"By workflow: {where}. Look first for what they share.")),
            rows=tuple(self._line(one) for one in self._store.rows("storms/rows", storm=storm, most=ROWS)),
            more=max(0, many - ROWS),
            at=row["wanted_at"],
            opened_at=began,
            resolved_at=found["ended_at"],
            links=() if self._public_url is None else (Link("All incidents", f"{self._public_url}/i"),),
            foot=("one message for all: each gets its own when it is taken, gets worse, or is one of few left",),
            news=(News(row["wanted"], row["wanted_at"], text, raised=True),) if raised else (),
            timezone=self._zone,
            data={"storm": storm, "incidents": many, "open": left},
        )

    def _line(self, one: Mapping[str, Any]) -> Sentence:
        url = None if self._public_url is None else f"{self._public_url}/i/{one['id']}"
        how = one["severity"] if one["state"] == "open" else one["state"]
        return (Span(one["headline"], "plain", url), Span(f" · {one['workflow']} · {how}"))

    def _begin(self, tx: Writer, first: str, now: float) -> str:
        text = f"{self._sink} {first} {now}"
        storm = "storm_" + hashlib.blake2s(text.encode(), digest_size=5).hexdigest()
        tx.run("storms/begin", storm=storm, sink=self._sink, now=int(now))
        return storm

    def _ask(self, tx: Writer, storm: str, now: float) -> None:
        """Ask for the digest as it is now, and end the storm where nothing of it is told by nothing else."""
        found, going = tx.rows("storms/one", storm=storm)[0], tx.rows("storms/going", storm=storm)
        number = (found["wanted"] or 0) + 1
        worst: Severity = max((row["severity"] for row in going), key=RANK.__getitem__, default="watch")
        quiet = self._mutes.any(now) and self._all_muted(tx, storm, now, worst) is not None
        if RANK[worst] > RANK[found["severity"]] and not quiet:
            tx.run("storms/worse", storm=storm, severity=worst, number=number)
        if not going:
            tx.run("storms/end", storm=storm, now=int(now))
        if found["wanted"] is None:
            tx.run("outbox/add", incident=storm, sink=self._sink, number=number, at=int(now))
        else:
            at = max(int(now), int(self._edited.get(storm, 0.0)) + EDIT_S)
            tx.run("outbox/want", incident=storm, sink=self._sink, number=number, at=at)
