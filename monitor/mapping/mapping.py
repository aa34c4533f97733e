"""Makes the map of a workflow: its steps as declared, or in the order that is learned, each with its figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bellbuoy.config.model import Config
from bellbuoy.config.workflows import Step, Workflow
from bellbuoy.monitor.judging.records import Reader
from bellbuoy.monitor.mapping.asked import SIGNALS, Asked, ask
from bellbuoy.monitor.mapping.drawn import Map, MappedStep
from bellbuoy.monitor.mapping.figures import Figures, figures_of, rate_of
from bellbuoy.monitor.mapping.parts import branches_of, edges_of, learned_order, touches_of

WORKFLOWS: Final = 50
"""Maps that are made at once."""
SPARED: Final = 0.01
"""A step is learned as optional when at least this share of the interactions that ended well did without it."""


class NotMapped(Exception):  # noqa: N818 - the state is the name
    """There is no such map; the text says what there is."""


@dataclass(frozen=True, slots=True)
class Made:
    """A map and what it was made of.

    Attributes:
        workflow: as declared; None where it is not.
        asked: what the store answered.
        figures: of the steps in the map.
        drawn: the map.
    """

    workflow: Workflow | None
    asked: Asked
    figures: Figures
    drawn: Map


def maps(reader: Reader, config: Config, workflow: str | None, since: int, until: int) -> tuple[Map, ...]:
    """Return the map of a workflow, or of each that is declared or seen, by name.

    Args:
        reader: the store.
        config: declares workflows.
        workflow: a name, or None for all.
        since: beginning of the span, epoch seconds.
        until: its end.

    Raises:
        NotMapped: there is no such workflow, or there are too many to draw them all.
    """
    return tuple(make(reader, config, name, since, until).drawn for name in named(reader, config, workflow))


def known_workflows(reader: Reader, config: Config) -> list[str]:
    """Return the names of the workflows that are declared or were ever seen, sorted."""
    seen = {row["workflow"] for row in reader.rows("pages/known_workflows")}
    return sorted(seen | {one.name for one in config.workflows})


def named(reader: Reader, config: Config, workflow: str | None) -> tuple[str, ...]:
    """Return the name of a workflow, or those of all that are declared or seen.

    Raises:
        NotMapped: there is no such workflow, or there are too many to look at them all.
    """
    known = known_workflows(reader, config)
    if workflow is not None and workflow in known:
        return (workflow,)
    if workflow is None and len(known) <= WORKFLOWS:
        return tuple(known)
    names = ", ".join(known[:WORKFLOWS]) + (", …" if len(known) > WORKFLOWS else "")
    if workflow is None:
        raise NotMapped(f"there are {len(known)} workflows; name one: {names}")
    there = f"there is {names}" if known else "none is declared, and none was seen yet"
    raise NotMapped(f"no workflow is named {workflow!r}: {there}")


def make(
    reader: Reader,
    config: Config,
    name: str,
    since: int,
    until: int,
    signals: Sequence[str] = SIGNALS,
    *,
    ways: bool = True,
) -> Made:
    """Return the map of one workflow and what it was made of.

    Args:
        reader: the store.
        config: declares workflows.
        name: of the workflow.
        since: beginning of the span, epoch seconds.
        until: its end.
        signals: what is counted, those of a map among them.
        ways: whether the ways from step to step are looked at; without them the map has no edges.
    """
    workflow = next((one for one in config.workflows if one.name == name), None)
    declared = {step.name: step for step in workflow.steps} if workflow else {}
    asked = ask(reader, name, since, until, config.tick, ordered=not declared, signals=signals, ways=ways)
    names, kept = (list(declared), None) if declared else learned_order(asked)
    figures = figures_of(names, asked, workflow)
    steps = _Steps(declared, asked, figures)
    events = asked.events
    unmapped = sorted((one for one in events if one not in names), key=lambda one: (-events[one], one))
    edges, left_out = edges_of(asked)
    drawn = Map(
        workflow=name,
        title=(workflow.title if workflow else "") or "",
        since=since,
        until=until,
        events_since=asked.events_since,
        every=asked.every,
        interactions=asked.looked_at * asked.every,
        without_steps=asked.share(sum(row["n"] for row in asked.ends if not row["stepped"])),
        ended=asked.counted.of("interaction_failure", None)[0],
        objective=workflow.objective if workflow else None,
        needed=figures.needed,
        depth=float(figures.reach.sum()),
        compounded=figures.compounded,
        observed=figures.observed,
        difference=figures.difference(asked),
        lever=figures.lever(),
        declared=bool(declared),
        order_kept=kept,
        steps=tuple(steps.step(one, number) for number, one in enumerate(names, 1)),
        unmapped=tuple(steps.step(one, None) for one in unmapped),
        unseen=tuple(one for one in names if one not in events and not asked.counted.of("step_failure", one)[0]),
        edges=edges,
        edges_left_out=left_out,
    )
    return Made(workflow, asked, figures, drawn)


class _Steps:
    """Makes the steps of a map."""

    def __init__(self, declared: dict[str, Step], asked: Asked, figures: Figures) -> None:
        self._declared, self._asked, self._figures = declared, asked, figures
        self._passes = {row["step"]: row for row in asked.passes}
        self._standings = figures.standings
        self._if_perfect, self._at_budget = figures.if_perfect, figures.at_budget
        self._well: int = sum(row["n"] for row in asked.ends if row["outcome"] == "success")

    def step(self, name: str, number: int | None) -> MappedStep:
        """Return one step."""
        asked, counted, step = self._asked, self._asked.counted, self._declared.get(name)
        row = self._passes.get(name, {"entered": 0, "well": 0, "runs": 0, "looped": 0, "skipped": 0, "handed": 0})
        entered, ok = row["entered"], rate_of(counted, "step_failure", name)
        place = self._figures.place(name)
        standing = None if place is None else self._standings[place]
        wanted, declares = self._figures.needed, bool(self._declared)
        return MappedStep(
            name=name,
            number=number,
            declared=step is not None if declares else None,
            optional=step.optional if step else self._spared(row["well"], entered),
            events=asked.events.get(name, 0),
            reach=asked.share(entered),
            trials=counted.of("step_failure", name)[0],
            ok=ok,
            standing=standing,
            gap=None if wanted is None or ok is None or place is None else ok.rate - wanted,
            if_perfect=None if place is None else float(self._if_perfect[place]),
            at_budget=float(self._at_budget[place]) if place is not None and standing == "below" else None,
            runs=row["runs"] / entered if entered else None,
            looped=row["looped"] / entered if entered else 0.0,
            reask=counted.share("reask", name),
            handoff=row["handed"] / entered if entered else 0.0,
            skipped=asked.share(row["skipped"]),
            not_confident=counted.share("low_confidence", name),
            gate=step.gate if step else None,
            branches=branches_of(name, step, asked, declares=declares),
            touches=touches_of(name, step, asked),
        )

    def _spared(self, well: int, entered: int) -> bool:
        """Tell whether interactions end well without a step: by those that ended well, else by all."""
        if self._well:
            return well < (1.0 - SPARED) * self._well
        return entered < (1.0 - SPARED) * self._asked.looked_at
