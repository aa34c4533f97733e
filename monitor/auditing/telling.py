"""What an audit says of its lines and of itself in all its forms. Pure; foreign names are cleaned here, and escaped by each form."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from bellbuoy.monitor.auditing.report import Audit, Axis, Judgement, Kind, Line, Share
from bellbuoy.monitor.auditing.wording import STATES, day, name, some
from bellbuoy.monitor.explain.wording import span
from bellbuoy.monitor.mapping.drawn import Rate
from bellbuoy.monitor.mapping.wording import notes, points, rate
from bellbuoy.monitor.web.wording import percent, plural

VERDICTS: Final[dict[Judgement, str]] = {
    "harden": "harden",
    "kill": "kill",
    "unproven": "keep, unproven",
    "keep": "keep",
    "not_judged": "not judged",
}
"""In the order of the lines."""
LISTED: Final = 12
"""Lines that are kept or cannot be judged are listed up to so many; past that they are named together."""
AXES: Final[dict[Axis, str]] = {"minutes": "minutes", "turns": "turns", "context": "% of the context"}


def step_line(
    verdict: Judgement,
    ok: Rate | None,
    needed: float | None,
    gain: float,
    trials: int,
    more: int,
    steady_at: int | None,
    *,
    asked: bool,
) -> str:
    """Return the line of a step in one sentence.

    Args:
        verdict: of the step.
        ok: the share of its attempts that went well.
        needed: the rate that it is held against.
        gain: what the whole would gain at that rate.
        trials: that the share comes from.
        more: trials that would tell what is not known; 0: none would.
        steady_at: since when its detector calls it steady.
        asked: the objective asks for that rate; if not, it is what was normal.
    """
    if ok is None:
        return "nobody says how it ended" if verdict != "kill" else "it does not run"
    told = f"{rate(ok)}" + (f", {'needs' if asked else 'was'} {percent(needed)}" if needed is not None else "")
    if verdict == "not_judged":
        wanted = f": about {more:,} more would tell" if more else ", and it has been seen for less than 7 days"
        return f"{told}; {plural(trials, 'trial')}{wanted}"
    if verdict == "unproven":
        return f"{told}; {_either(ok, needed, gain, more, asked=asked)}"
    if verdict == "keep":
        steady = f"; steady since {day(steady_at)}" if steady_at is not None else ""
        return told + (steady or f"; {plural(trials, 'trial')}")
    return told + (f"; worth {points(gain)} points end to end" if gain >= 0.0005 else "")


def _either(ok: Rate, needed: float | None, gain: float, more: int, *, asked: bool) -> str:
    if needed is None:
        return "nothing to hold it against: there is no objective, and what is normal for it is not known"
    if more and not asked:
        return f"about {more:,} more trials would tell whether it fell"
    if not more:
        return "at the limit: more trials would hardly tell on which side"
    if ok.rate >= needed:
        return f"about {more:,} more trials like these would prove that it meets it"
    return (
        f"about {more:,} more trials like these would prove that it does not; it would be worth {points(gain)} points"
    )


def thing_line(kind: Kind, steps: Sequence[str]) -> str:
    """Return what a line of anything but a step begins with: which steps it is about."""
    verb = {"step": "", "source": "used by", "integration": "called by", "branch": "of"}[kind]
    return f"{verb} {some(steps)}" if steps else "of no step"


def counted(audit: Audit) -> str:
    """Return how many lines there are of each verdict, and how many changed: `2 to harden, 1 to kill, 5 to keep`."""
    text = numbers(audit.lines)
    if audit.compared is not None and audit.changes:
        text += f"; {plural(len(audit.changes), 'line')} changed since {day(audit.compared)}"
    return text


def numbers(lines: Sequence[Line]) -> str:
    """Return how many lines there are of each verdict."""
    words = {
        "harden": "to harden",
        "kill": "to kill",
        "unproven": "unproven",
        "keep": "to keep",
        "not_judged": "not judged",
    }
    there = [(sum(line.verdict == one for line in lines), told) for one, told in words.items()]
    return ", ".join(f"{n} {told}" for n, told in there if n) or "nothing to judge"


def change(before: Judgement | None, now: Judgement | None) -> str:
    """Return how a verdict changed: `keep → harden`."""
    return " → ".join("none" if one is None else VERDICTS[one] for one in (before, now))


def label(kind: Kind, told: str) -> str:
    """Return what a line is called: a step by its name, anything else with what it is."""
    return name(told) if kind == "step" else f"{kind} {name(told)}"


def ends(audit: Audit) -> str:
    """Return in one sentence what the steps multiply to and what was observed; an empty string where neither is known."""
    drawn = audit.map
    told = [f"{rate(drawn.observed)} end well"] if drawn.observed else []
    told += [f"the steps multiply to {rate(drawn.compounded)}"] if drawn.compounded else []
    return "; ".join(told)


def listed(lines: Sequence[Line], most: int | None) -> tuple[list[Line], list[str]]:
    """Return the lines to list, and sentences that name together those of one verdict that are more than `most`; None: list all.

    What is to be hardened or killed is always listed.
    """
    shown: list[Line] = []
    together = []
    for verdict, word in VERDICTS.items():
        own = [line for line in lines if line.verdict == verdict]
        if most is None or verdict in ("harden", "kill") or len(own) <= most:
            shown += own
        else:
            why = ", too few trials or seen for less than 7 days" if verdict == "not_judged" else ""
            together.append(f"{word}, {len(own)} (--all lists them){why}: {some([line.name for line in own], most)}")
    return shown, together


def sections(audit: Audit) -> list[tuple[str, list[str]]]:
    """Return what stands below the lines: headings, each with its sentences; none without anything to say."""
    found = [
        ("what is seen", coverage(audit)),
        ("staged runs beside production", demo_gap(audit)),
        ("consequential actions", gates(audit)),
        ("the longer it lasts", lengths(audit)),
        ("to read this", mapped_notes(audit)),
    ]
    return [(head, told) for head, told in found if told]


def coverage(audit: Audit) -> list[str]:
    """Return of how many steps something is known, and of which it is not."""
    seen = audit.coverage
    parts = [
        (seen.events, "have events"),
        (seen.outcomes, "say how they ended"),
        (seen.baseline, "have a normal that is known"),
        *([(seen.watched, "are watched by a detector")] if seen.judged else []),
    ]
    told = [f"{_of(share)} {what}{_but(share)}" for share, what in parts if share.of]
    if not seen.judged:
        told.append("nothing of it was judged in the two days before the end: what is watched is not known")
    return told


def _of(share: Share) -> str:
    return f"{share.n} of {share.of}" if share.n else f"none of {share.of}"


def _but(share: Share) -> str:
    return f"; not {some(share.without)}" if share.without and share.n else ""


def demo_gap(audit: Audit) -> list[str]:
    """Return how staged runs end beside production."""
    return [
        f"{name(one.step) if one.step else 'whole interactions'}: {percent(one.staged)} of {one.n_staged:,} staged end well, "
        f"{percent(one.production)} of {one.n_production:,} in production: "
        f"{points(one.staged - one.production)} points [{points(one.low)}, {points(one.high)}]"
        for one in audit.demo_gap
    ]


def gates(audit: Audit) -> list[str]:
    """Return how consequential actions passed their gates, and the newest that did not."""
    told = []
    for one in audit.gates:
        text = f"{name(one.action)}: {percent(one.gated)} of {one.n:,} passed the gate"
        if one.delay_s is not None:
            text += f"; half of the approvals came within {lasting(one.delay_s)}"
        if one.roles:
            text += "; approved by " + ", ".join(f"{name(role)} {n:,}" for role, n in one.roles.items())
        told.append(text)
    for action in audit.bypasses:
        at = f"{dt.datetime.fromtimestamp(action.at, dt.UTC):%Y-%m-%d %H:%M} UTC"
        how = STATES.get(action.state, name(action.state))
        told.append(f"{at} {name(action.step)} {name(action.action)} {how}: {name(action.interaction_id)}")
    return told


def lasting(seconds: float) -> str:
    """Return a length of time, also a short one: `40 s`, `9 h 12 min`."""
    return f"{seconds:.0f} s" if seconds < 90 else span(seconds)


def lengths(audit: Audit) -> list[str]:
    """Return how steps fare by each way of telling how long an interaction has lasted."""
    told = []
    for one in audit.lengths:
        scale = 100 if one.axis == "context" else 1
        bands = []
        for band in one.bands:
            bounds = (
                f"{scale * band.low:.0f}–{scale * band.high:.0f}"
                if band.high is not None
                else f"from {scale * band.low:.0f}"
            )
            again = f", {percent(band.again)} asked again" if band.again is not None else ""
            bands.append(f"{bounds}: {percent(band.well)} of {band.n:,}{again}")
        told.append(f"{AXES[one.axis]}: {'; '.join(bands)}")
    return told


def mapped_notes(audit: Audit) -> list[str]:
    """Return what else must be known to read the numbers."""
    return notes(audit.map, 5)


def changes(audit: Audit, most: int = LISTED) -> list[str]:
    """Return what changed, a sentence each, the first of many."""
    told = [f"{label(one.kind, one.name)}: {change(one.before, one.now)}" for one in audit.changes]
    return told[:most] + ([f"{len(told) - most} more"] if len(told) > most else [])
