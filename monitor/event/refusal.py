"""Why a message cannot be an event: its class, what is wrong, where, and what to do."""

import re
from dataclasses import dataclass

import msgspec

from bellbuoy.monitor.event.columns import walk

REMEDIES = {
    "empty": "send one JSON object, or nothing at all",
    "size": "keep prompts and answers out of events and link to them with `content_ref`",
    "encoding": "send UTF-8",
    "json": "send exactly one whole JSON object a message, without NaN, Infinity or lone surrogates",
    "depth": "send flat values",
    "type": "send the JSON type that the schema names; values are never converted",
    "missing": "send this field",
    "enum": "send one of the values that the schema lists",
    "bounds": "keep within the bounds of the schema",
    "timestamp": "send RFC 3339 with an offset (2026-11-22T10:00:00Z), or a whole epoch in ms or µs, from 2000 on",
    "future": "set the producer's clock, or raise `future: refuse` of this source",
    "too_old": "raise `store.retention.minutes` to count it",
    "version": "send schema_version 1",
    "meaning": "correct the producer",
    "map": "correct `map` of this source, or what writes the log; then `bellbuoy dead-letters retry`",
    "store": "report this: the message was decoded and the store refused it",
}
"""Classes of dead letters, each with its way out."""

_KINDS = {re.sub(r"\[.*?\]", "", path): column for path, column in walk()}
_CLIP = 160


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one message is a dead letter.

    Attributes:
        kind: the class: one of `REMEDIES`.
        reason: `class: what is wrong - at $.path; what to do`.
    """

    kind: str
    reason: str


def refusal(kind: str, what: str, path: str = "$", remedy: str | None = None) -> Refusal:
    """Return a refusal with its reason in the one form that all of them have."""
    return Refusal(kind, f"{kind}: {_plain(what)} - at {_plain(path)}; {remedy or REMEDIES[kind]}")


def refusal_of(error: Exception) -> Refusal:
    """Return what the decoder's error means; the sentences are msgspec's own, each pinned by a test."""
    if isinstance(error, UnicodeDecodeError):
        return refusal("encoding", f"not UTF-8: {error.reason} ({error.object[error.start]:#04x})")
    if isinstance(error, RecursionError):
        return refusal("depth", "nested too deeply in a field that the schema does not know")
    if not isinstance(error, msgspec.ValidationError):
        return refusal("json", _lower(str(error)))
    sentence, found, place = str(error).rpartition(" - at ")
    if not found:
        sentence, place = place, "$"
    path = place.replace("`", "").removeprefix("key in ")
    return _validation(sentence, path)


def _validation(sentence: str, path: str) -> Refusal:
    if sentence.startswith("meaning: "):
        return refusal("meaning", sentence.removeprefix("meaning: "), path)
    if sentence.startswith("Object missing required field"):
        return refusal("missing", _lower(sentence), f"{path}.{_named(sentence)}")
    if sentence.startswith("Object contains unknown field"):
        return refusal(
            "type", _lower(sentence), f"{path}.{_named(sentence)}", "leave it out; only `attributes` is free"
        )
    column = _KINDS.get(re.sub(r"\[.*?\]", "", path))
    if column is not None and column.shape in ("time", "expiry"):
        return refusal("timestamp", _lower(sentence), path)
    if sentence.startswith(("Invalid enum value", "Invalid value")):
        values = column.values if column is not None else ()
        return refusal("enum", _lower(sentence), path, f"send one of {', '.join(values)}" if values else None)
    if sentence == "Number out of range" or re.match(r"Expected `\w+` (of length )?[<>]", sentence):
        return refusal("bounds", _lower(sentence), path)
    remedy = "leave the field out" if sentence.endswith("got `null`") else None
    return refusal("type", _lower(sentence), path, remedy)


def _named(sentence: str) -> str:
    return sentence.partition("`")[2].rpartition("`")[0]


def _lower(sentence: str) -> str:
    return sentence if sentence[1:2].isupper() else sentence[:1].lower() + sentence[1:]


def _plain(text: str) -> str:
    """Return the text on one line, without characters that steer a terminal or turn writing around, and not long."""
    text = "".join(char if char.isprintable() else "·" for char in text)
    return text if len(text) <= _CLIP else text[: _CLIP - 1] + "…"
