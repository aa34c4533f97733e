"""Notes on the time line: deploys, campaigns and whatever else people say happened, so that a page can name them."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.event.kinds import Id, Name, Time
from bellbuoy.monitor.event.names import clean
from bellbuoy.monitor.ingest.answers import Answer, Keyed, find, save
from bellbuoy.monitor.store import Store

KINDS = ("deploy", "config", "prompt", "knowledge", "campaign", "holiday", "other")
MOST = 100
"""Notes in one request."""
MAX_BODY = 256 << 10
"""Bytes of one request."""


class Note(Struct, kw_only=True, forbid_unknown_fields=True):
    """Something that happened and may explain what comes after it."""

    title: Annotated[str, Meta(min_length=1, max_length=200, description="what happened, in a few words")]
    kind: Annotated[
        Literal["deploy", "config", "prompt", "knowledge", "campaign", "holiday", "other"], Meta(description="kind")
    ] = "other"
    at: Annotated[Time | None, Meta(description="when; the arrival unless given")] = None
    workflow: Annotated[Name | None, Meta(description="the workflow that it touches; all of them unless given")] = None
    step: Annotated[Name | None, Meta(description="the step that it touches")] = None
    version: Annotated[Name | None, Meta(description="what came")] = None
    url: (
        Annotated[str, Meta(pattern=r"^https?://[^\s]+$", max_length=2048, description="where to read more")] | None
    ) = None
    who: Annotated[Name | None, Meta(description="who did it")] = None
    id: Annotated[Id | None, Meta(description="its identity: a repeat with the same one is not noted again")] = None


class NotNoted(ValueError):  # noqa: N818 - a state, not an error
    """Notes that are refused; the text says which and why."""


def notes_of(values: Sequence[bytes]) -> list[Note]:
    """Return the notes in some JSON texts.

    Raises:
        NotNoted: one of them cannot be; none is to be noted.
    """
    if not 0 < len(values) <= MOST:
        raise NotNoted(f"a request has 1 to {MOST} notes")
    found = []
    for place, value in enumerate(values):
        try:
            note = msgspec.json.decode(value, type=Note)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise NotNoted(f"note {place}: {error}") from None
        for name in ("title", "workflow", "step", "version", "url", "who", "id"):
            if not clean(getattr(note, name) or ""):
                raise NotNoted(f"note {place}: control or direction characters - at `$.{name}`")
        if not note.title.strip():
            raise NotNoted(f"note {place}: the title is blank - at `$.title`")
        found.append(note)
    return found


class Notebook:
    """Writes notes into the store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def note(self, notes: Sequence[Note], keyed: Keyed | None = None) -> Answer:
        """Store notes in one transaction and return the answer; what was noted before is not noted again.

        Args:
            notes: from `notes_of`.
            keyed: the request, when it named itself.

        Raises:
            OtherBody: its key was used for another body.
            StoreExhausted: disk or memory is used up; nothing was noted.
        """
        now = self._clock.now()
        named = [(note.id or uuid.uuid4().hex, note) for note in notes]
        with self._store.transaction() as tx:
            if keyed is not None:
                before = find(tx, keyed, now)
                if before is not None:
                    return before
            known = {row["id"] for row in tx.rows("http/notes_named", ids=[name for name, _ in named])}
            rows = {}
            for name, note in named:
                if name not in known and name not in rows:
                    rows[name] = {
                        "id": name,
                        "noted_at": _instant(note.at, now),
                        "received_at": int(now * 1e6),
                        **{
                            field: getattr(note, field)
                            for field in ("kind", "title", "workflow", "step", "version", "url", "who")
                        },
                    }
            tx.insert("notes", list(rows.values()))
            told = {"noted": len(rows), "repeated": len(named) - len(rows), "ids": [name for name, _ in named]}
            answer = Answer(200, msgspec.json.encode(told).decode())
            if keyed is not None:
                save(tx, keyed, answer, int(now * 1e6))
        return answer


def _instant(at: datetime | int | None, now: float) -> int:
    """Return an instant in microseconds UTC; a whole number is milliseconds, or microseconds from 1e14 on."""
    if at is None:
        return int(now * 1e6)
    if isinstance(at, int):
        return at if at >= 10**14 else at * 1000
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
