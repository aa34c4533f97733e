"""What all drawings of a map say in the same words. Pure; foreign names are cleaned here, and escaped by each drawing."""

import datetime as dt
from typing import Final

from bellbuoy.monitor.explain.wording import span
from bellbuoy.monitor.mapping.drawn import BranchTaken, Map, MappedStep, Rate, Touched
from bellbuoy.monitor.web.wording import percent, plural
from bellbuoy.sinks.text import clean

NAME: Final = 48
"""Characters of a name."""
TOUCHED: Final = 4
"""Systems and sources that are named beside a step."""
FAILS: Final = 0.01
"""A system is said to fail from this share of calls on."""
AGAIN: Final = 1.05
"""A step is said to run again from so many runs an interaction on."""
WORTH: Final = 0.01
"""Of what is lost where no step failed, less than this is not spoken of."""
NONE: Final = "–"
STANDINGS: Final = {"ok": "ok", "at_limit": "at the limit", "too_few": "too few"}


def name(text: str) -> str:
    """Return a foreign name, made harmless and cut."""
    return clean(text, NAME).strip() or "(no name)"


def points(change: float | None) -> str:
    """Return a gain or a gap in points of the rate: `+6.7`, with a true minus sign."""
    if change is None:
        return NONE
    shown = round(100 * change, 1)
    return f"{shown:+.1f}".replace("-", "−") if shown else "0.0"


def rate(found: Rate | None) -> str:
    """Return `71.6 % [71.1, 72.1]`."""
    return NONE if found is None else f"{percent(found.rate)} [{100 * found.low:.1f}, {100 * found.high:.1f}]"


def head(drawn: Map) -> str:
    """Return the span and how many interactions it holds: `28 d to 2026-11-21, 41,207 interactions`."""
    until = dt.datetime.fromtimestamp(drawn.until, dt.UTC)
    day = f"{until:%Y-%m-%d}" if drawn.until % 86400 == 0 else f"{until:%Y-%m-%d %H:%M} UTC"
    about = "about " if drawn.every > 1 else ""
    return f"{span(drawn.until - drawn.since)} to {day}, {about}{plural(drawn.interactions, 'interaction')}"


def objective(drawn: Map) -> str:
    """Return the objective and what every step needs for it, or an empty string where there is none."""
    if drawn.objective is None or drawn.needed is None:
        return ""
    runs = f"an interaction runs {drawn.depth:.1f} steps"
    return f"objective {percent(drawn.objective)}: {runs}, so every step needs {percent(drawn.needed)}"


def need(step: MappedStep) -> str:
    """Return how a step stands against what it needs: `ok`, `−3.9`, `at the limit`, `too few`."""
    if step.standing == "below":
        return points(step.gap)
    return NONE if step.standing is None else STANDINGS[step.standing]


def branches(step: MappedStep) -> str:
    """Return the failure branches of a step: how many of those declared were taken, and of each how often."""
    declared = sorted((one for one in step.branches if one.declared is not False), key=lambda one: one.n > 0)
    other = [one for one in step.branches if one.declared is False]
    told = []
    if declared:
        known = f"{sum(one.n > 0 for one in declared)} of {len(declared)}: " if step.declared else ""
        told.append(known + ", ".join(map(_branch, declared)))
    elif other or (step.declared and not step.gate and (step.not_confident or 0.0) >= FAILS):
        told.append("none declared")
    if other:
        told.append(f"{'also' if declared else 'but'} {', '.join(map(_branch, other))}")
    if step.gate:
        told.append(f"gate: {step.gate}")
    return ", ".join(told)


def _branch(one: BranchTaken) -> str:
    return f"{name(one.name)} {percent(one.share) if one.n else 'never'}"


def touches(step: MappedStep, now: int) -> str:
    """Return what a step touches, each with what is wrong with it.

    Args:
        step: the step.
        now: end of the span, from which the time that a token has left is told.
    """
    told = [_touch(one, now) for one in step.touches[:TOUCHED]]
    more = len(step.touches) - len(told)
    return ", ".join([*told, *([f"{more} more"] if more > 0 else [])])


def _touch(one: Touched, now: int) -> str:
    wrong = []
    if one.n == 0:
        return f"{name(one.name)} never"
    if one.kind == "source" and one.state not in (None, "fresh"):
        wrong.append(str(one.state).replace("_", " "))
    if one.kind == "integration" and one.bad >= FAILS * one.n:
        wrong.append(f"{percent(one.bad / one.n)} fail")
    if one.state == "expired":
        wrong.append("token expired")
    elif one.state == "expiring" and one.token_ends_at is not None:
        wrong.append(f"token ends in {span(max(0, one.token_ends_at - now))}")
    if one.declared is False:
        wrong.append("not declared")
    return name(one.name) + (f" ({', '.join(wrong)})" if wrong else "")


def difference(drawn: Map) -> str:
    """Return in one sentence which way observed and compounded differ, and why."""
    found = drawn.difference
    if drawn.compounded is None:
        return "nobody says how a step ended, so there is nothing to multiply"
    if found is None:
        return "nobody says how an interaction ended, so there is nothing to hold it against"
    if not found.proven:
        return "observed and compounded agree within their intervals"
    by = ", ".join(f"{100 * share:.1f} {outcome}" for outcome, share in found.outside_by.items())
    parts = [
        (-found.outside, f"end badly although no step failed{f' ({by})' if len(found.outside_by) > 1 else ''}"),
        (found.recovered, "end well although a step failed"),
        (found.together, _together(drawn, found.together)),
    ]
    told = [
        f"{points(share)} {why}" for share, why in sorted(parts, key=lambda one: -abs(one[0])) if abs(share) >= 0.0005
    ]
    way = "fewer" if found.points < 0 else "more"
    return f"{abs(100 * found.points):.1f} points {way} end well than the steps multiply to: {'; '.join(told)}"


def _together(drawn: Map, share: float) -> str:
    if share > 0:
        return "because failures fall in the same interactions"
    if any((step.runs or 1.0) >= AGAIN for step in drawn.steps):
        return "because steps that run more than once can fail each time, or failures fall in different interactions"
    return "because failures fall in different interactions"


def lever(drawn: Map) -> str:
    """Return where repair gains most, in one sentence; an empty string where no step fails."""
    found = drawn.lever
    if found is None:
        return ""
    if not found.to_budget:
        none = " (no step is surely below what it needs)" if drawn.needed is not None else ""
        return f"greatest lever: {name(found.step)}; if it never failed, {points(found.gain)} points{none}"
    text = f"greatest lever: {name(found.step)}; at the rate it needs, {points(found.gain)} points"
    if len(found.below) > 1 and found.together is not None:
        some = ", ".join(name(one) for one in found.below[:5]) + (", …" if len(found.below) > 5 else "")
        text += f"; all {len(found.below)} below it ({some}) {points(found.together)} together"
    return text


def unseen_loss(drawn: Map) -> str:
    """Return that more is lost where no step failed than any step costs; an empty string where that is not so."""
    gain = drawn.lever.gain if drawn.lever else 0.0
    if drawn.difference is None or drawn.difference.outside <= max(gain, WORTH):
        return ""
    return "more is lost where no step failed than by any step: a step that says it went well did not, or something is not logged as a step"


def lost_after(drawn: Map, most: int) -> str:
    """Return after which steps interactions ended badly, and which share of all these are; an empty string after none."""
    lost = [one for one in drawn.edges if one.ending == "badly" and one.source is not None]
    told = ", ".join(f"{name(one.source or '')} {percent(one.share)}" for one in lost[:most])
    return f"ended badly after: {told}" if told else ""


def notes(drawn: Map, most: int) -> list[str]:
    """Return what else must be known to read a map, a sentence each."""
    told = []
    unknown = [step.name for step in drawn.steps if step.trials == 0 and step.events > 0]
    if unknown and drawn.compounded is not None:
        told.append(f"nobody says how {_some(unknown, most)} ended: not in the product")
    if drawn.unmapped:
        seen = [f"{name(step.name)} ({plural(step.events, 'event')})" for step in drawn.unmapped[:most]]
        told.append("not in the map: " + ", ".join(seen) + _more(len(drawn.unmapped) - most))
    if drawn.unseen:
        told.append(f"declared and never seen: {_some(drawn.unseen, most)}")
    if drawn.without_steps >= 0.001:
        told.append(f"{percent(drawn.without_steps)} of the interactions have no step at all")
    if drawn.events_since is not None:
        day = dt.datetime.fromtimestamp(drawn.events_since, dt.UTC)
        told.append(
            f"events before {day:%Y-%m-%d %H:%M} UTC have left the store: reach, branches and what is touched are of those after it"
        )
    if drawn.every > 1:
        told.append(f"reach, ways and ends are those of one interaction in {drawn.every}")
    return told


def _some(names: tuple[str, ...] | list[str], most: int) -> str:
    return ", ".join(name(one) for one in names[:most]) + _more(len(names) - most)


def _more(rest: int) -> str:
    return f" and {rest} more" if rest > 0 else ""
