"""What an audit holds: plain values, the same over HTTP, in a file and in every form.

Shares and rates are 0 to 1, instants epoch seconds. None means: not known.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from bellbuoy.monitor.mapping.drawn import Map, Rate

Figure: TypeAlias = float | int | str | None
Judgement: TypeAlias = Literal["harden", "kill", "unproven", "keep", "not_judged"]
"""In the order in which lines stand. `unproven`: kept, but too little is known to say that it meets what it needs."""
Kind: TypeAlias = Literal["step", "source", "integration", "branch"]
Axis: TypeAlias = Literal["minutes", "turns", "context"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that holds.

    Attributes:
        rule: K1 to K3, H1 to H10.
        says: what is so, with its numbers.
        do: what to do.
        figures: the numbers, by name.
    """

    rule: str
    says: str
    do: str
    figures: dict[str, Figure]


@dataclass(frozen=True, slots=True)
class Line:
    """What is judged: a step, or what several steps stand on.

    Attributes:
        name: as events call it.
        number: of a step, its place in the map; None of anything else.
        ok: of a step, the share of its attempts that went well.
        needed: the rate that it is held against: that of the objective, else that of the anchor; None: there is neither.
        gain: what the whole would gain at that rate; 0 where it is met.
        steps: of anything else, the steps that it is about.
        says: the line in one sentence.
        findings: all rules that hold, the one that decides first.
    """

    kind: Kind
    name: str
    number: int | None
    verdict: Judgement
    ok: Rate | None
    needed: float | None
    gain: float
    steps: tuple[str, ...]
    says: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """Of how many steps something is so, and of which it is not."""

    n: int
    of: int
    without: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is seen of the steps in the map.

    Attributes:
        judged: anything of the workflow was judged in the two days before the end; if not, nothing is known of `watched`.
        events: steps with events. outcomes: of these, those of which at least 80 % say how they ended.
        baseline: steps of which it is known what is normal. watched: steps that a detector judges, and no longer only learns.
    """

    judged: bool
    events: Share
    outcomes: Share
    baseline: Share
    watched: Share


@dataclass(frozen=True, slots=True)
class DemoGap:
    """Staged runs, demos and all that is not production, beside production in the same span.

    Attributes:
        step: None: whole interactions.
        staged, production: trials and the share of them that went well. low, high: 95 % interval of staged minus production.
    """

    step: str | None
    n_staged: int
    staged: float
    n_production: int
    production: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Gate:
    """Consequential actions of one class.

    Attributes:
        action: money, delete, deploy and so on. n: how many.
        gated: share that passed its gate. states: how many of each state.
        delay_s: how long an approval took, median.
        roles: approvals by the role of who gave them.
    """

    action: str
    n: int
    gated: float
    states: dict[str, int]
    delay_s: float | None
    roles: dict[str, int]


@dataclass(frozen=True, slots=True)
class Bypass:
    """An action that did not pass its gate."""

    interaction_id: str
    step: str
    action: str
    state: str
    at: int
    content_ref: str | None


@dataclass(frozen=True, slots=True)
class Band:
    """Trials of all steps within two bounds.

    Attributes:
        low, high: from the one on, below the other; None: no end.
        n, well: trials, and the share that went well. asked, again: questions, and the share that had been answered already.
    """

    low: float
    high: float | None
    n: int
    well: float
    asked: int
    again: float | None


@dataclass(frozen=True, slots=True)
class Lengths:
    """How steps fare the longer an interaction lasts: by minutes, by turns, by the share of the context that is full."""

    axis: Axis
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A line that is to be hardened or killed and was not, or the other way round; None where there was no such line."""

    kind: Kind
    name: str
    before: Judgement | None
    now: Judgement | None


@dataclass(frozen=True, slots=True)
class Audit:
    """A workflow judged by a span.

    Attributes:
        map: what the audit stands on.
        compared: end of the span of the same length that it is compared with; None: with none.
        changes: what is to be hardened or killed and was not then, and the other way round.
        lines: what is to be hardened first, by what the whole gains; then what is to be killed, what is unproven, what is kept, and
            what cannot be judged.
        demo_gap: whole interactions first; only what ran 30 times on each side.
        bypasses: the newest five.
    """

    map: Map
    compared: int | None
    changes: tuple[Change, ...]
    lines: tuple[Line, ...]
    coverage: Coverage
    demo_gap: tuple[DemoGap, ...]
    gates: tuple[Gate, ...]
    bypasses: tuple[Bypass, ...]
    lengths: tuple[Lengths, ...]
