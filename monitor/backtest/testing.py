"""Alert tests run one after the other, and how they are told."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bellbuoy.config.alert_tests import AlertTest, AlertTests
from bellbuoy.config.load import Written
from bellbuoy.config.model import Config
from bellbuoy.monitor.backtest.expecting import Held, Ran, held, meaningless
from bellbuoy.monitor.backtest.summary import DAY, Summary
from bellbuoy.monitor.backtest.telling import incident


@dataclass(frozen=True, slots=True)
class Outcome:
    """A test that was run.

    Attributes:
        test: the test.
        line: where it stands in its file.
        held: its expectations, each with its line.
        summary: what its run comes to.
    """

    test: AlertTest
    line: int
    held: tuple[tuple[int, Held], ...]
    summary: Summary

    @property
    def passed(self) -> bool:
        """Tell whether everything is as expected."""
        return not any(one.misses for _, one in self.held)


def outcomes(written: Written[AlertTests], config: Config, run: Callable[[AlertTest], Summary]) -> Iterator[Outcome]:
    """Yield each test once it was run.

    Args:
        written: the tests.
        config: what is tested.
        run: gives what the traffic of a test, or what is recorded, comes to.

    Raises:
        ConfigError: a test expects something of a series that is not watched.
    """
    for number, test in enumerate(written.says.tests):
        summary = run(test)
        begins = summary.counted // DAY * DAY if test.traffic is None else test.traffic.start
        ran = Ran(summary, config, begins)
        path = ("tests", number)
        if remarks := [one.under(path) for one in meaningless(test, ran)]:
            raise written.refused(remarks)
        lines = tuple((written.line((*path, *one.path)), one) for one in held(test, ran))
        yield Outcome(test, written.line((*path, "name")), lines, summary)


def told(done: Sequence[Outcome], written: Written[AlertTests], *, pages: bool = False) -> Iterator[str]:
    """Yield the lines that tell of tests, and what was told in those that failed.

    Args:
        done: the tests that were run.
        written: all of the file.
        pages: draw the page of each incident of a test that failed.
    """
    for one in done:
        yield one.test.name
        for line, expectation in one.held:
            where = f" ({written.name}:{line})" if expectation.misses else ""
            yield f"    {'NOT MET' if expectation.misses else 'met    '}  {expectation.what}{where}"
            yield from (f"             {text}" for text in expectation.misses or expectation.found)
        if not one.passed:
            yield from _instead(one.summary, pages=pages)
        yield ""
    all_of, failed = len(written.says.tests), sum(not one.passed for one in done)
    count = "1 test" if all_of == 1 else f"{all_of} tests"
    count = count if len(done) == all_of else f"{len(done)} of {count} run"
    yield f"{count}, {failed} failed" if failed or len(done) < all_of else f"{count}, all met"


def _instead(summary: Summary, *, pages: bool) -> Iterator[str]:
    yield "    what was told:" if summary.stories else "    nothing was told"
    for story in summary.stories:
        yield from (f"        {line}".rstrip() for line in incident(story, pages=pages))
