"""`bellbuoy init`: a configuration to begin with, from what real events show."""

import logging
import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bellbuoy.monitor.cli.failures import NOT_NOW, WRONG_USE, Failure

if TYPE_CHECKING:
    from bellbuoy.monitor.clock import Clock
    from bellbuoy.monitor.event import Limits
    from bellbuoy.monitor.survey.sample import Sample
    from bellbuoy.monitor.survey.seen import Survey
    from bellbuoy.monitor.survey.suggest import Suggested
    from bellbuoy.monitor.survey.writing import Given

MOST = 100_000
"""Records that are looked at: enough for any workflow to show itself, and read within seconds."""
MOST_NAMES = 4
"""Names in a line."""


@click.command("init", epilog="Example: bellbuoy init my.jsonl --out my.yaml")
@click.argument("what", nargs=-1, required=True, metavar="FILE... | kafka://HOST:PORT/TOPIC")
@click.option("--out", default="bellbuoy.yaml", show_default=True, metavar="FILE", help="Write it there; - prints it.")
@click.option("--force", is_flag=True, help="Overwrite that file.")
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000_000),
    metavar="N",
    default=MOST,
    show_default=True,
    help="Records to look at: the first and last ones of files, the newest of a topic.",
)
def command(what: tuple[str, ...], out: str, *, force: bool, limit: int) -> None:
    """Write a commented configuration from the events of a log: its workflows, steps, order, and what it does not say.

    Files are JSON lines, also .gz and .zst. Nothing but the configuration is written, and no consumer group is used.
    """
    target = None if out == "-" else Path(out)
    if target is not None and target.exists() and not force:
        raise Failure(
            f"error: {out} is there already; overwrite it with --force, or name another file with --out", WRONG_USE
        )
    logging.getLogger().addHandler(logging.NullHandler())  # what goes wrong is told once, as the error
    from datetime import UTC, datetime

    from bellbuoy.monitor.clock import SystemClock
    from bellbuoy.monitor.survey.tally import survey
    from bellbuoy.monitor.survey.writing import document

    clock = SystemClock()
    given, sample = _topic(what, limit, clock) if any(map(_is_topic, what)) else _files(what, limit, clock)
    seen = survey(sample.rows())
    text = document(seen, given, datetime.fromtimestamp(clock.now(), UTC).replace(tzinfo=None))
    if target is None:
        click.echo(text, nl=False)
    else:
        target.write_text(text, encoding="utf-8")
    guessed = "the records are of another form; where the fields of events stand in them is a guess: look at `map`"
    for line in [*([guessed] if given.found else []), _seen(seen), *_next(given, target, what)]:
        click.echo(line, err=True)


def _is_topic(name: str) -> bool:
    return name.startswith("kafka://")


def _topic(what: Sequence[str], most: int, clock: "Clock") -> "tuple[Given, Sample]":
    """Look at one topic."""
    from bellbuoy.monitor.cli.replay import target
    from bellbuoy.monitor.survey.topic import TopicError, of_topic
    from bellbuoy.monitor.survey.writing import Given

    if len(what) > 1:
        raise click.UsageError(
            "Give files, or one topic and nothing else; further topics are added to `sources` by hand."
        )
    servers, topic = target(what[0])
    try:
        sample, found = _understood(lambda limits: of_topic(servers, topic, most, clock, limits), topic)
    except TopicError as error:
        raise Failure(f"error: {error}", NOT_NOW) from None
    name = f"topic {topic} at {servers}"
    remarks = _judged(sample, name, "the newest ones")
    return Given(name, servers=servers, topic=topic, found=found, remarks=remarks), sample


def _files(what: Sequence[str], most: int, clock: "Clock") -> "tuple[Given, Sample]":
    """Look at files."""
    from bellbuoy.monitor.sources.errors import SourceStopped
    from bellbuoy.monitor.survey.paths import PathError, resolve
    from bellbuoy.monitor.survey.sample import of_files
    from bellbuoy.monitor.survey.writing import Given

    try:
        files, paths = resolve(what)
        at_us = int(clock.now() * 1e6)
        sample, found = _understood(
            lambda limits: of_files(files, most, at_us, limits), files[0].name.partition(".")[0] or "agent"
        )
    except PathError as error:
        raise Failure(f"error: {error}", WRONG_USE) from None
    except SourceStopped as stopped:
        raise Failure(f"error: {stopped.stream.path}: {stopped.reason}; {stopped.remedy}", WRONG_USE) from None
    name = str(files[0]) if len(files) == 1 else f"{len(files)} files"
    return Given(
        name,
        paths,
        found=found,
        remarks=_judged(sample, name, "the first and last ones of each file (of a compressed one the first)"),
    ), sample


def _understood(look: "Callable[[Limits | None], Sample]", name: str) -> "tuple[Sample, dict[str, Suggested]]":
    """Look at a log; at one of another form once more, with where the fields of events seem to stand in it.

    Args:
        look: looks at it.
        name: of the workflow, where the log names none.
    """
    from bellbuoy.monitor.event import Limits
    from bellbuoy.monitor.survey.mapped import foreign
    from bellbuoy.monitor.survey.suggest import suggestion

    sample = look(None)
    found = suggestion(sample.refused, name) if sample.foreign else {}
    if not found:
        return sample, {}
    again = look(Limits(foreign=foreign(found)))
    return (sample, {}) if again.foreign else (again, found)


def _judged(sample: "Sample", name: str, part: str) -> tuple[str, ...]:
    """Return what a person should know of a sample.

    Raises:
        Failure: nothing can be concluded from it.
    """
    from bellbuoy.monitor.survey.foreign import mistakes, refusal

    wrong = refusal(sample, name)
    if wrong:
        raise Failure(f"error: {wrong}", WRONG_USE)
    remarks = [mistakes(sample)]
    if not sample.whole:
        remarks.append(f"Of more records only {sample.records:,} were looked at: {part}; --limit says how many.")
    aside = sample.runs - sample.counted
    if aside:
        few = f"{aside:,} events are of a demo, or of another environment than production: stored, never counted."
        remarks.append(few if sample.counted else f"NONE of these events would be counted: {few}")
    return tuple(filter(None, remarks))


def _seen(seen: "Survey") -> str:
    """Return what was found, in a line."""
    from bellbuoy.monitor.survey.workflow import count
    from bellbuoy.monitor.survey.writing import told

    named = [f"{one.name} ({count(len(one.steps), 'step')})" for one in seen.workflows]
    more = [f"{len(named) - MOST_NAMES} more"] if len(named) > MOST_NAMES else []
    return f"{told(seen)}: {', '.join(named[:MOST_NAMES] + more)}"


def _next(given: "Given", target: Path | None, what: Sequence[str]) -> Iterator[str]:
    """Yield what to do next."""
    name = shlex.quote(str(target or "bellbuoy.yaml"))
    yield (
        f"{name} is written; what the log does not say stands at its end. Next:"
        if target
        else "Next, once it is in a file:"
    )
    yield f"  bellbuoy check -c {name}"
    if given.topic:
        yield f"  bellbuoy doctor -c {name}"
    else:
        files = [
            shlex.quote(one) if Path(one).exists() else one for one in what[:MOST_NAMES]
        ]  # patterns are the shell's
        yield f"  bellbuoy backtest -c {name} --events {' '.join(files)}{' …' if len(what) > MOST_NAMES else ''}"
    yield f"  bellbuoy run -c {name}"
