"""What a signal is: two predicates over events, and the words for it."""

from dataclasses import dataclass, field
from typing import Literal

Level = Literal["interaction", "step", "integration", "source", "action"]
Judged = Literal["rate", "never", "state"]

KNOWN = "outcome IN ('success', 'failure', 'timeout', 'abandoned')"
"""`skipped`, `cancelled` and `unknown` are never trials of a failure signal."""


@dataclass(frozen=True, slots=True)
class Words:
    """How people speak of a signal.

    Attributes:
        label: the name of the number: "Success", "Re-ask".
        subject: of a sentence about it; `{step}` and `{workflow}` stand for names.
        bad: what a bad trial is called, in the plural.
        thing: the series in the singular, for "… is part of it" and "… has recovered".
        sentence: what stands beside a number: "… of 100 trials <sentence>".
        judged: what is judged, for `check`: "failures of each step".
        success: the good share is shown instead of the bad one.
    """

    label: str
    subject: str
    bad: str
    thing: str
    sentence: str = ""
    judged: str = ""
    success: bool = False


def words_of(name: str) -> Words:
    """Return the words of a signal of the configuration: its name is all there is."""
    return Words(name, f"{name} in {{step}}", name, f"{{step}} ({name})", sentence=name, judged=name)


@dataclass(frozen=True, slots=True)
class About:
    """What the reference says of a signal.

    Attributes:
        means: the failure that it shows.
        log: the least that events must say.
        blind: what it cannot see.
    """

    means: str = ""
    log: str = ""
    blind: str = ""


@dataclass(frozen=True, slots=True)
class Signal:
    """A named pair of predicates, written so that more is worse.

    Attributes:
        name: as in the configuration, in SQL and in pages.
        level: what stands in the `step` part of its series: the step, the system, the source, the class of the action; nothing for
            interactions.
        trial: SQL over `events` that is true for the events that count. At the level of sources `knowledge` is one of those
            that the event names.
        bad: SQL that is true for the bad ones among them; None where only the number of trials matters.
        words: for people.
        of: columns of which every trial has at least one; none: any event may be a trial.
        detail: SQL of what kind a trial is, by which bad ones are told apart in a page: the class of an error.
        labelled: its trials come with late labels: what comes days late is judged with what is new.
        judged: by detectors (`rate`), at the first bad event (`never`), as a fact that holds or does not (`state`).
        about: for the reference.
        own: true for a signal of the configuration: a value that breaks its predicate counts as no trial.
        split: fields of the event by whose values it is counted apart: its series are strata.
    """

    name: str
    level: Level
    trial: str
    bad: str | None
    words: Words
    of: tuple[str, ...] = ()
    detail: str = ""
    labelled: bool = False
    judged: Judged = "rate"
    about: About = field(default=About())
    own: bool = False
    split: tuple[str, ...] = ()
