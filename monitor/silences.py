"""Silences as people put them on, see and end them; the daemon's HTTP door and the command line stand before it."""

import difflib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bellbuoy.config.model import Config, Quiet
from bellbuoy.config.timetable import write
from bellbuoy.monitor.clock import Clock, SystemClock
from bellbuoy.monitor.event.names import clean
from bellbuoy.monitor.explain.wording import moment, span
from bellbuoy.monitor.judging.incidents import Incident
from bellbuoy.monitor.judging.ourselves import ABOUT
from bellbuoy.monitor.judging.records import About, incident, open_incidents
from bellbuoy.monitor.judging.watched import SeriesKey
from bellbuoy.monitor.muting import covering, covers, meant, quiets
from bellbuoy.monitor.store import Store

MOST_S = 90 * 86_400
"""Longest silence: what is normal from now on is not silenced, it is accepted."""
MOST_TEXT = 500
LISTED = 200


class NotSilenced(ValueError):  # noqa: N818 - the state is the name: nothing was silenced or ended
    """It cannot be done; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A mute put on by a person.

    Attributes:
        id: its identity.
        selector: `workflow[/step[/segment]]` with * and ?, or the id of an incident.
        began_at: when it was put on, epoch seconds.
        until: when it ends by itself.
        who, why: as told.
        ended_at, ended_by: when somebody ended it before that, and who; None where nobody did.
        active: whether it is in force.
        timezone: of the texts.
        incidents: ids of the open incidents that it mutes now.
    """

    id: str
    selector: str
    began_at: int
    until: int
    who: str
    why: str
    ended_at: int | None
    ended_by: str | None
    active: bool
    timezone: str
    incidents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Hours of the configuration in which nobody is told.

    Attributes:
        name: theirs.
        every: when, as it is configured, in `timezone`.
        mutes: which incidents, in words.
        until: when they end, epoch seconds; None while they are not.
        timezone: in which they are meant, and of the texts.
        incidents: ids of the open incidents that they mute now.
    """

    name: str
    every: str
    mutes: str
    until: int | None
    timezone: str
    incidents: tuple[str, ...] = ()


class Silences:
    """Writes silences into a store and reads them; called from several threads."""

    def __init__(self, store: Store, config: Config, clock: Clock | None = None) -> None:
        self.store = store
        self.config = config
        self.clock = clock or SystemClock()

    def listed(self) -> list[Silence]:
        """Return the silences, those in force first, then the newest; one that is over stays in the list."""
        current = self._open()
        found = []
        for row in self.store.rows("people/silences", now=int(self.clock.now()), limit=LISTED):
            muted = [one.id for one, _ in current if row["active"] and covers(row["selector"], one)]
            found.append(Silence(**row, timezone=self.config.server.timezone, incidents=tuple(muted)))
        return found

    def quiet(self) -> list[QuietHours]:
        """Return the quiet hours of the configuration, in its order."""
        now, zone, current = self.clock.now(), self.config.server.timezone, self._open()
        found = []
        for hours in self.config.quiet:
            until = covering(hours.every, now, zone)
            muted = [one.id for one, about in current if until is not None and quiets(hours, one, about)]
            found.append(QuietHours(hours.name, write(hours.every), _mutes(hours), until, zone, tuple(muted)))
        return found

    def put_on(self, selector: str, seconds: float, who: str, why: str) -> tuple[str, str]:
        """Put a silence on, from now on; return its id and in a sentence what it does.

        Args:
            selector: `workflow[/step[/segment]]` with * and ?, or the id of an incident.
            seconds: how long it lasts.
            who: puts it on.
            why: for those who ask later.

        Raises:
            NotSilenced: it means nothing that is known, lasts too long, or does not say who or why.
            StoreExhausted: nothing can be written at present.
        """
        who, why = _said(who, "who you are"), _said(why, "why")
        if not 60 <= seconds <= MOST_S:
            raise NotSilenced(
                f"a silence lasts 1m to {MOST_S // 86_400}d; what is normal now: `bellbuoy baseline accept`"
            )
        known = self._known(selector)
        now = int(self.clock.now())
        row: dict[str, Any] = {
            "id": f"sil_{uuid.uuid4().hex[:10]}",
            "selector": selector,
            "began_at": now * 1_000_000,
            "until": (now + int(seconds)) * 1_000_000,
            "who": who,
            "why": why,
        }
        with self.store.transaction() as tx:
            tx.insert("silences_raw", [row])
        until = moment(now + int(seconds), self.config.server.timezone, near=now)
        return row["id"], f"{known} silenced until {until} ({self.config.server.timezone}), for {span(seconds)}"

    def end(self, key: str, who: str) -> str:
        """End a silence before its time; return in a sentence what follows. What it kept back is told now, if it is still open.

        Raises:
            NotSilenced: there is none of that id in force, or it does not say who.
            StoreExhausted: nothing can be written at present.
        """
        who, now = _said(who, "who you are"), int(self.clock.now())
        with self.store.transaction() as tx:
            if not tx.run("people/end", id=key, now=now, who=who):
                raise NotSilenced(f"no silence {key} is in force; `bellbuoy silence --list` names those that are")
            tx.run("outbox/release", now=now, sink=None)
        return f"{key} has ended; what it kept back and is still open is told now"

    def _open(self) -> list[tuple[Incident, About]]:
        kinds: tuple[About, ...] = ("agents", ABOUT)
        return [(one, about) for about in kinds for one in open_incidents(self.store, about)]

    def _known(self, selector: str) -> str:
        """Return in words what a selector means.

        Raises:
            NotSilenced: it means nothing.
        """
        found = incident(self.store, selector)
        if found is not None:
            if found.state == "resolved":
                raise NotSilenced(f"{selector} is resolved: there is nothing to silence")
            return f"{selector} is"
        names = sorted({_name(key) for key in self._keys() if meant(selector, key)})
        if not names:
            near = difflib.get_close_matches(selector, sorted({_name(key) for key in self._keys()}), 1)
            hint = f"did you mean {near[0]}?" if near else "`bellbuoy status` names the workflows and their steps"
            raise NotSilenced(f"nothing is named {selector}, neither series nor incident; {hint}")
        return f"{names[0]} is" if len(names) == 1 else f"{len(names)} series from {names[0]} to {names[-1]} are"

    def _keys(self) -> Iterator[SeriesKey]:
        """Yield what can be silenced: what is counted, what is declared, and Bellbuoy itself."""
        for one in self.store.series():
            yield SeriesKey(one.signal, one.workflow, one.step, one.segment)
        for workflow in self.config.workflows:
            yield SeriesKey("", workflow.name)
            for step in workflow.steps:
                yield SeriesKey("", workflow.name, step.name)
        yield SeriesKey("", ABOUT)


def _mutes(hours: Quiet) -> str:
    """Return in words which incidents quiet hours are about."""
    kinds = hours.when.model_dump(exclude_none=True)
    told = ", ".join(f"{key} {value}" for key, value in kinds.items()) or "all incidents"
    return told if hours.below is None else f"{told}, less than a {hours.below}"


def _name(key: SeriesKey) -> str:
    return key.text().rpartition(" ")[0]


def _said(text: str, what: str) -> str:
    """Return what a person said of themselves or of their reason.

    Raises:
        NotSilenced: it is empty, too long, or has characters that would move a terminal's cursor.
    """
    text = text.strip()
    if not text:
        raise NotSilenced(f"say {what}, for those who ask later")
    if len(text) > MOST_TEXT or not clean(text):
        raise NotSilenced(f"say {what} in one line of at most {MOST_TEXT} characters")
    return text
