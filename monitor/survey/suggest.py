"""Where the fields of events may stand in a log of another form: a guess that a person corrects."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from bellbuoy.monitor.event.arrays import EARLIEST_US, LATEST_US
from bellbuoy.monitor.event.coercing import Uncoerced, coerced, plain
from bellbuoy.monitor.event.columns import COLUMNS
from bellbuoy.monitor.event.foreign import Entry

DEEPEST, MOST_PLACES, MOST_VALUES = 6, 500, 1_000
"""Objects within objects, places and different values at a place that are looked at."""
USUAL: Final = 0.8
"""What fewer of the records have is not taken for a field that every event has."""
WHOLE: Final = "^"
"""Stands before a name that says too little below another key: `user.name` is no step."""
RIGHT: Final = 0.95
"""Share of the values at a place that must be able to stand for a field."""
_PLAIN = re.compile(r"[^.\[\]'\"\s]+")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
OUTCOMES: Final = {
    "success": ("ok", "success", "succeeded", "successful", "complete", "completed", "done", "pass", "passed", "true", "resolved"),
    "failure": ("error", "err", "fail", "failed", "failure", "exception", "false", "crashed"),
    "timeout": ("timeout", "timed_out", "timedout", "deadline_exceeded"),
    "cancelled": ("cancelled", "canceled", "aborted"),
    "abandoned": ("abandoned", "hangup", "hung_up"),
    "unknown": ("unset", "unknown", "none", ""),
}  # fmt: skip
"""What words of other logs mean."""
RAISED: Final = ("ok", "complete", "completed", "done", "true")
"""Words that often say no more than that nothing was raised."""


@dataclass(slots=True)
class _Place:
    """What stands at one place of the records: in how many, of what kind, which values."""

    path: str
    words: tuple[str, ...]
    seen: int = 0
    kinds: set[type] = field(default_factory=set)
    values: dict[str, Any] = field(default_factory=dict)

    def take(self, value: Any) -> None:
        self.seen += 1
        self.kinds.add(type(value))
        if len(self.values) < MOST_VALUES:
            self.values.setdefault(plain(value), value)


@dataclass(frozen=True, slots=True)
class Suggested:
    """A field that was found, or for which there is none.

    Attributes:
        entry: where it stands.
        share: of the records that have it.
        remark: what a person has to look at; '' for nothing.
    """

    entry: Entry
    share: float
    remark: str = ""


_Test = Callable[[_Place, int], bool]


def suggestion(records: Sequence[bytes], name: str) -> dict[str, Suggested]:
    """Return where the fields of events seem to stand, the required ones first; nothing where the records are no JSON objects.

    Args:
        records: some of the log.
        name: of the workflow, where the log does not say one.
    """
    documents = [one for one in map(_document, records) if one is not None]
    if not documents:
        return {}
    places: dict[str, _Place] = {}
    for document in documents:
        for path, words, value in _leaves(document, "$", (), DEEPEST):
            if path in places or len(places) < MOST_PLACES:
                places.setdefault(path, _Place(path, words)).take(value)
    found: dict[str, Suggested] = {}
    taken: set[str] = set()
    for target, names, test in _TARGETS:
        place = _best(target, places, names, test, len(documents), taken)
        if place is not None:
            taken.add(place.path)
            found[target] = _told(target, place, len(documents))
    if {"ts", "interaction_id"} - set(found):
        return {}
    if "workflow" not in found:
        found["workflow"] = Suggested(Entry(value=name), 1.0, "the log names none: the name is that of what you gave")
    if "outcome" not in found:
        found["outcome"] = Suggested(
            Entry(value="unknown"),
            1.0,
            "the log does not say how anything ended; nothing that is not stated can be watched",
        )
    return {target: found[target] for target in dict.fromkeys((*_FIRST, *found)) if target in found}


_FIRST = ("ts", "interaction_id", "workflow", "step", "outcome")


def _document(record: bytes) -> dict[str, Any] | None:
    try:
        document = msgspec.json.decode(record)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _leaves(
    node: Mapping[str, Any], path: str, words: tuple[str, ...], deep: int
) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Yield each scalar of an object with its path, and the words of the last three keys that lead there."""
    for key, value in node.items():
        if "'" in key and '"' in key:
            continue
        quoted = f'["{key}"]' if "'" in key else f"['{key}']"
        here = path + (f".{key}" if _PLAIN.fullmatch(key) else quoted)
        own = (*words, *(word.lower() for word in _WORDS.findall(key)))
        if isinstance(value, dict):
            if deep > 1:
                yield from _leaves(value, here, own, deep - 1)
        elif value is not None and not isinstance(value, list):
            yield here, own[-6:], value


def _best(
    target: str, places: Mapping[str, _Place], names: Sequence[str], test: _Test, records: int, taken: set[str]
) -> _Place | None:
    """Return the place whose name is the earliest of the names, and whose values are of the kind; the shortest path first."""
    least = USUAL * records if target in ("ts", "interaction_id") else 1
    for name in names:
        wanted = tuple(name.removeprefix(WHOLE).split())
        fits = [
            place
            for place in places.values()
            if place.path not in taken
            and place.seen >= least
            and (place.words == wanted if name.startswith(WHOLE) else place.words[-len(wanted) :] == wanted)
            and test(place, records)
        ]
        if fits:
            return min(fits, key=lambda place: (-place.seen, len(place.path), place.path))
    return None


def _told(target: str, place: _Place, records: int) -> Suggested:
    share = place.seen / records
    if target != "outcome":
        return Suggested(Entry(place.path), share)
    values = {word: meaning for word in place.values if (meaning := _meaning(word)) not in (None, word)}
    others = [word for word in place.values if _meaning(word) is None]
    remarks = []
    if any(word.lower() in RAISED for word in place.values):
        remarks.append(
            "often this says only that nothing was raised: write unknown where it does not say that it went well"
        )
    if others:
        remarks.append(f"give a meaning to {', '.join(repr(one)[:40] for one in others[:4])}")
    return Suggested(
        Entry(place.path, values={word: str(one) for word, one in values.items()}), share, "; ".join(remarks)
    )


def _meaning(word: str) -> str | None:
    return next((outcome for outcome, words in OUTCOMES.items() if word.lower() in words), None)


def _is(shape: str, most: int = 10**9, least: int = 1) -> _Test:
    """Return a test: nearly all values can stand for the field, and so many of them are different."""
    column = next(one for one in COLUMNS if one.name == shape)

    def stands(value: Any) -> bool:
        try:
            found = coerced(value, column)
        except Uncoerced:
            return False
        if column.shape == "time":
            return bool(EARLIEST_US < found < LATEST_US)
        if column.shape == "int":
            return bool(0 <= found < 2**31)
        return not column.values or found in column.values

    def test(place: _Place, _records: int) -> bool:
        if not least <= len(place.values) <= most or (column.shape == "text" and float in place.kinds):
            return False
        return sum(map(stands, place.values.values())) >= RIGHT * len(place.values)

    return test


def _outcome(place: _Place, _records: int) -> bool:
    known = sum(_meaning(word) is not None for word in place.values)
    return len(place.values) <= 12 and 2 * known >= len(place.values)


def _link(place: _Place, _records: int) -> bool:
    return all(isinstance(value, str) and value.startswith(("https://", "http://")) for value in place.values.values())


def _each(place: _Place, records: int) -> bool:
    return place.seen == records and len(place.values) >= min(records, MOST_VALUES) and float not in place.kinds


_TARGETS: Final[tuple[tuple[str, tuple[str, ...], _Test], ...]] = (
    ("ts", ("start time unix nano", "start time", "started at", "timestamp", "ts", "time", "created at", "event time", "datetime", "^date"), _is("ts")),
    ("event_id", ("event id", "span id", "message id", "log id"), _each),
    ("interaction_id", ("interaction id", "conversation id", "session id", "call id", "trace id", "thread id", "run id", "ticket id", "chat id", "dialog id", "dialogue id", "task id", "request id", "conversation", "session", "^id"), _is("interaction_id", least=2)),
    ("workflow", ("workflow name", "workflow", "service name", "agent name", "app name", "bot name", "pipeline", "flow", "bot", "agent", "service", "app", "project"), _is("workflow", most=50)),
    ("step", ("step name", "step", "tool name", "span name", "node name", "operation name", "op name", "action name", "task name", "function name", "event name", "stage", "node", "operation", "action", "tool", "task", "^name"), _is("step", most=500)),
    ("outcome", ("outcome", "result", "status code", "status", "success", "ok", "level", "state"), _outcome),
    ("latency_ms", ("latency ms", "duration ms", "elapsed ms", "took ms", "response time ms"), _is("latency_ms")),
    ("attempt", ("attempt",), _is("attempt")),
    ("model", ("request model", "model name", "model id", "model"), _is("model", most=200)),
    ("agent_version", ("agent version", "app version", "service version", "^version", "release"), _is("agent_version", most=200)),
    ("prompt_version", ("prompt version",), _is("prompt_version", most=200)),
    ("channel", ("channel",), _is("channel", most=50)),
    ("language", ("language", "locale", "lang"), _is("language", most=100)),
    ("intent", ("intent",), _is("intent", most=200)),
    ("region", ("region",), _is("region", most=200)),
    ("tenant", ("tenant id", "tenant", "customer id", "account id"), _is("tenant")),
    ("environment", ("environment", "env"), _is("environment", most=10)),
    ("tokens_in", ("input tokens", "prompt tokens", "tokens in"), _is("tokens_in")),
    ("tokens_out", ("output tokens", "completion tokens", "tokens out"), _is("tokens_out")),
    ("cost_usd", ("cost usd", "usd"), _is("cost_usd")),
    ("content_ref", ("trace url", "url", "link"), _link),
)  # fmt: skip
"""Fields of events, the last words of the keys that lead to them, the best first, and what the values have to be."""
