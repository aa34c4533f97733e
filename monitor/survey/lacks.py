"""What a log does not say, and what it would show if it did: the most valuable first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bellbuoy.config.signals import BUILT_IN
from bellbuoy.monitor.survey.seen import Survey

MUCH = 0.1
"""Share of unknown outcomes from which it is worth a line."""

SHOWN = 3
"""Signals that are named of those that a field would feed."""


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that events could say.

    Attributes:
        field: what to log.
        signals: what cannot be watched without it; none: it is for people who read a page.
        shows: what that would tell.
        part: some events say it, so that the signals are watched in these.
    """

    field: str
    signals: tuple[str, ...]
    shows: str
    part: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    field: str
    missing: Callable[[Survey], bool]
    signals: tuple[str, ...] = ()
    shows: str = ""


def _given(seen: Survey, *fields: str) -> bool:
    """Tell whether any event has a value in one of the fields."""
    return any(seen.given.get(field) for field in fields)


def _absent(*fields: str) -> Callable[[Survey], bool]:
    """Return whether there are steps and none of them has a value in one of the fields."""
    return lambda seen: bool(seen.types.get("step")) and not _given(seen, *fields)


_JUDGED = {signal.name: signal.words.judged for signal in BUILT_IN}
_ROWS = (
    _Row(
        "`interaction` events with an `outcome`",
        lambda seen: not seen.types.get("interaction"),
        ("interaction_failure", "handoff", "interactions"),
    ),
    _Row(
        "`step` events",
        lambda seen: not seen.types.get("step"),
        ("step_failure", "reask", "slow", "guess", "misroute", "integration_failure", "steps"),
    ),
    _Row(
        "`agent_version`, `model` or `prompt_version`",
        lambda seen: not _given(seen, "agent_version", "model", "prompt_version"),
        (),
        "with which version a fall came, the first question about every page",
    ),
    _Row("`reask`, or `slots_asked` and `slots_filled`", _absent("reask", "slots_asked"), ("reask",)),
    _Row("`handoff`", lambda seen: not _given(seen, "handoff"), ("handoff", "handoff_incomplete")),
    _Row(
        "`handoff.context_required` and `handoff.context_passed`",
        lambda seen: _given(seen, "handoff") and not _given(seen, "handoff.context_required", "handoff.accepted"),
        ("handoff_incomplete",),
    ),
    _Row(
        "`outcome` events, for a sample that people look at later",
        lambda seen: not seen.types.get("outcome"),
        ("false_success",),
    ),
    _Row("`confidence` or `confident`", _absent("confidence", "confident"), ("guess", "low_confidence")),
    _Row("`context_lost`", _absent("context_lost"), ("context_lost",)),
    _Row("`latency_ms`", _absent("latency_ms"), ("slow",)),
    _Row("`integration`", _absent("integration"), ("integration_failure",)),
    _Row("`knowledge`", _absent("knowledge"), ("stale_source",)),
    _Row(
        "`knowledge.as_of` or `knowledge.version`",
        lambda seen: _given(seen, "knowledge") and not _given(seen, "knowledge.as_of", "knowledge.version"),
        ("stale_source",),
    ),
    _Row(
        "`route.chosen`, and `route_expected` from whoever knows it later",
        _absent("route.expected"),
        ("misroute",),
    ),
    _Row("`action`", _absent("action"), ("ungated_action", "model_decided")),
    _Row(
        "`intent` or `channel`",
        lambda seen: not _given(seen, "intent", "channel"),
        (),
        "whether the agent got worse, or other questions came",
    ),
    _Row(
        "`content_ref`", lambda seen: not _given(seen, "content_ref"), (), "the traces of samples, as links in a page"
    ),
)


def lacks(seen: Survey) -> list[Lack]:
    """Return what the log does not say, the most valuable first."""
    return [*_unknown(seen), *(_lack(row) for row in _ROWS if row.missing(seen))]


def _lack(row: _Row) -> Lack:
    return Lack(row.field, row.signals, row.shows or ", ".join(_JUDGED[one] for one in row.signals[:SHOWN]))


def _unknown(seen: Survey) -> Iterator[Lack]:
    """Yield where nobody knows how things ended."""
    for kind, shows, signal in (
        ("interaction", "whether they end well", "interaction_failure"),
        ("step", "whether they work", "step_failure"),
    ):
        many, of = seen.unknown.get(kind, 0), seen.types.get(kind, 0)
        if many > MUCH * of:
            names = f", most of all of {' and '.join(seen.mute)}" if kind == "step" else ""
            field = f"`outcome` of the {100 * many / of:.0f} % of {kind}s that say `unknown`{names}"
            yield Lack(field, (signal,), shows, part=many < of)
