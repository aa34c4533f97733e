"""Alert tests: what a person expects Bellbuoy to tell, in a YAML file of its own that `bellbuoy backtest --expect` reads."""

import pathlib
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from bellbuoy.config.document import Path
from bellbuoy.config.errors import Remark, suggest
from bellbuoy.config.instants import Instant, parse_instant
from bellbuoy.config.load import Written, load_as
from bellbuoy.config.model import Config
from bellbuoy.config.quantities import Duration
from bellbuoy.config.shapes import Many, Name, Shape, Text
from bellbuoy.config.signals import LEVELS, WITH_STEP, WITHOUT_STEP
from bellbuoy.config.spells import NEVER, Between, Course, Flow, Shares, When, write_after

JUNE = parse_instant("2026-06-01")
"""A Monday: where traffic begins unless it says otherwise."""
LATEST = parse_instant("9000-12-31")
"""Where it ends at the latest: what follows it still has a date."""


class Stream(Shape):
    """One series of the traffic."""

    series: Annotated[Text, Field(pattern=r"^[^*?/]+(/[^*?/]+){0,2}$")] = Field(examples=["lead-qualifier/qualify"])
    """`WORKFLOW`, `WORKFLOW/STEP` or `WORKFLOW/STEP/SEGMENT`."""
    signal: Name | None = Field(default=None, examples=["step_failure"])
    """What is counted. Unless set: `step_failure` with a step, `interaction_failure` without one."""
    trials: Flow = Field(examples=["40/h"])
    """Trials a minute, an hour or a day, the mean of a week, which may change over time: `40/h until 20d, then 10/h`."""
    bad: Shares = NEVER
    """The share of them that is bad: `5%`, `5% until 28d, then 12%`, `5% until 28d, then to 12% by 40d`."""


class Traffic(Shape):
    """What the agents do, in the place of a recording."""

    start: Instant = JUNE
    """When it begins."""
    lasts: Duration = Field(examples=["42d"])
    """How long it goes on."""
    seed: Annotated[int, Field(ge=0)] | None = Field(default=None, examples=[1])
    """Trials and bad ones are drawn with it (Poisson, binomial); without it they are exact, down to fractions carried over."""
    hours: Literal["flat", "office"] = "flat"
    """When trials come: evenly, or mostly in working hours (UTC) and less at weekends, as `bellbuoy simulate` has it."""
    series: Annotated[Many[Stream], Field(min_length=1)] = Field(
        examples=[[{"series": "lead-qualifier/qualify", "trials": "40/h", "bad": "5% until 28d, then 12%"}]]
    )
    """What is counted."""


class Expected(Shape):
    """An incident that must be told."""

    series: Text = Field(examples=["lead-qualifier/qualify"])
    """What it is about, as `bellbuoy silence` takes it: `WORKFLOW[/STEP[/SEGMENT]]`, with * and ? for anything."""
    signal: Name | None = Field(default=None, examples=["step_failure"])
    """Its signal, with * and ?."""
    opened: Between = Field(examples=["28d..30d"])
    """It opens between these times."""
    severity: Literal["watch", "ticket", "page"] = "watch"
    """It becomes as grave as that, or graver."""
    paged_by: When | None = Field(default=None, examples=["30d"])
    """It is a page by then."""
    to: Many[Name] = Field(default=(), examples=[["reliability"]])
    """Sinks that are told of it, by the routes."""
    resolved_by: When | None = Field(default=None, examples=["40d"])
    """It is over by then."""


class Calm(Shape):
    """A time in which nothing may open."""

    series: Text = "*"
    """What is meant, see `incidents`."""
    signal: Name | None = Field(default=None, examples=["step_failure"])
    """Its signal, with * and ?."""
    within: Between = Field(examples=["0d..28d"])
    """From when to when."""


class AlertTest(Shape):
    """One test."""

    name: Text = Field(examples=["a fall of qualify is a page within two days"])
    """What it shows, in words."""
    traffic: Traffic | None = Field(default=None, examples=[{"lasts": "42d"}])
    """What the agents do. Unless set: what `--events` or `--counts` name, or the store holds."""
    incidents: Many[Expected] = Field(default=(), examples=[[{"series": "lead-qualifier/qualify"}]])
    """What must be told."""
    quiet: Many[Calm] = Field(default=(), examples=[[{"within": "0d..28d"}]])
    """When nothing may open."""
    allow_others: bool = False
    """Whether other incidents may open as well."""


class AlertTests(Shape):
    """The file."""

    tests: Annotated[Many[AlertTest], Field(min_length=1)]
    """The tests, in the order in which they are told."""


def load_tests(path: pathlib.Path, config: Config) -> Written[AlertTests]:
    """Return the alert tests in a file.

    Args:
        path: the file.
        config: what is tested.

    Raises:
        ConfigError: with everything that is wrong, in file order.
    """
    written = load_as(path, AlertTests, "--expect")
    remarks = [*_check(written.says, config)]
    if remarks:
        raise written.refused(remarks)
    return written


def _check(tests: AlertTests, config: Config) -> Iterator[Remark]:
    """Yield what each test says that cannot be meant: names that nothing has, turns that never come, a test that cannot fail."""
    names: set[str] = set()
    for number, test in enumerate(tests.tests):
        path: Path = ("tests", number)
        if test.name in names:
            yield Remark("BB206", (*path, "name"), "a second test has this name; take another name")
        names.add(test.name)
        if test.allow_others and not test.incidents and not test.quiet:
            yield Remark(
                "BB102", (*path, "allow_others"), "this test cannot fail; name incidents or quiet", on_key=True
            )
        for place, expected in enumerate(test.incidents):
            for index, sink in enumerate(expected.to):
                if sink not in config.sinks:
                    where = (*path, "incidents", place, "to", index)
                    yield Remark("BB120", where, f"no sink is named '{sink}'", suggest(sink, config.sinks))
        if test.traffic is not None:
            yield from _traffic((*path, "traffic"), test.traffic, config)
            yield from _past(path, test, test.traffic)


def key_of(stream: Stream) -> tuple[str, str, str | None, str | None]:
    """Return signal, workflow, step and segment."""
    parts: list[Any] = [*stream.series.split("/"), None, None]
    return stream.signal or (WITH_STEP if parts[1] else WITHOUT_STEP), parts[0], parts[1], parts[2]


def _past(path: Path, test: AlertTest, traffic: Traffic) -> Iterator[Remark]:
    """Yield times that lie after the end of the traffic."""
    ends = traffic.start + int(traffic.lasts)
    if ends > LATEST:
        yield Remark(
            "BB106", (*path, "traffic", "start"), "the traffic goes on after the year 9000; let it begin earlier"
        )
    times = {
        ("incidents", place, key): value
        for place, one in enumerate(test.incidents)
        for key, value in (
            ("opened", one.opened.until),
            ("paged_by", one.paged_by),
            ("resolved_by", one.resolved_by),
        )
    } | {("quiet", place, "within"): one.within.until for place, one in enumerate(test.quiet)}
    for where, moment in times.items():
        if moment is not None and moment.of(traffic.start) > ends:
            yield Remark(
                "BB106", (*path, *where), f"this ends after the traffic, which lasts {write_after(int(traffic.lasts))}"
            )


def _traffic(path: Path, traffic: Traffic, config: Config) -> Iterator[Remark]:
    signals = [*LEVELS, *(one.name for one in config.signals)]
    seen = set()
    for number, stream in enumerate(traffic.series):
        where = (*path, "series", number)
        key = key_of(stream)
        if key in seen:
            yield Remark("BB206", (*where, "series"), "this series stands here twice; write its turns in one")
        seen.add(key)
        signal, step = key[0].partition(" by ")[0], key[2]
        if signal not in signals:
            yield Remark("BB120", (*where, "signal"), f"no signal is named '{signal}'", suggest(signal, signals))
        elif (LEVELS.get(signal, "step") == "interaction") is (step is not None):
            has = "whole interactions, which have no step" if step else "steps"
            write = key[1] if step else f"{key[1]}/STEP"
            yield Remark("BB204", (*where, "series"), f"'{signal}' is counted for {has}; write {write}")
        for name in ("trials", "bad"):
            course: Course = getattr(stream, name)
            last = int(max((turn.begins for turn in course.turns), default=0))
            if course.turns and last >= traffic.lasts:
                told = f"what begins after {write_after(last)} never comes: the traffic lasts {write_after(int(traffic.lasts))}"
                yield Remark("BB106", (*where, name), told)
