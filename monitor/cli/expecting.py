"""`bellbuoy backtest --expect`: alert tests, for the CI of a configuration."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bellbuoy.config.alert_tests import AlertTest, load_tests
from bellbuoy.config.errors import ConfigError
from bellbuoy.config.model import Config
from bellbuoy.monitor.backtest.lines import text
from bellbuoy.monitor.backtest.recording import Recording
from bellbuoy.monitor.backtest.running import Fill
from bellbuoy.monitor.backtest.summary import Summary
from bellbuoy.monitor.backtest.testing import Outcome, outcomes, told
from bellbuoy.monitor.backtest.traffic import made_up
from bellbuoy.monitor.cli.failures import WRONG_USE, Failure
from bellbuoy.monitor.judging.evaluate import Told

Judge = Callable[[Fill], tuple[Summary, tuple[Told, ...]]]
"""Judges what fills a recording: what it comes to, and its changes."""


@dataclass(frozen=True)
class Asking:
    """Which tests are run.

    Attributes:
        path: their file.
        config: what is tested.
        recorded: fills a recording for the tests that make up no traffic.
        given: the command line names what is recorded.
    """

    path: Path
    config: Config
    recorded: Fill
    given: bool


@dataclass(frozen=True)
class Done:
    """What a command prints and how it ends.

    Attributes:
        made: for stdout or the file. beside: for stderr.
        passed: the answer is yes.
    """

    made: str
    beside: str = ""
    passed: bool = True


def run_tests(asking: Asking, judge: Judge, stopped: Callable[[], bool], *, lines: bool, pages: bool) -> Done:
    """Run alert tests.

    Args:
        asking: which.
        judge: runs one.
        stopped: asked between tests; true ends there.
        lines: the changes of the one run are printed as JSON lines, and the tests beside them.
        pages: draw the pages of tests that failed.

    Raises:
        Failure: the file cannot be, or does not fit the command line.
        BacktestError: traffic cannot be made up or judged.
    """
    found: dict[AlertTest | None, tuple[Summary, tuple[Told, ...]]] = {}

    def run(test: AlertTest) -> Summary:
        key = None if test.traffic is None else test
        if key not in found:
            found[key] = judge(asking.recorded if test.traffic is None else _filling(test))
        return found[key][0]

    done: list[Outcome] = []
    try:
        written = load_tests(asking.path, asking.config)
        _fitting(written.says.tests, asking, lines=lines)
        for one in outcomes(written, asking.config, run):
            if stopped():
                break
            done.append(one)
    except ConfigError as error:
        raise Failure(str(error), WRONG_USE) from None
    made = "\n".join(told(done, written, pages=pages)) + "\n"
    passed = all(one.passed for one in done)
    if not lines:
        return Done(made, passed=passed)
    return Done("".join(text(changes) for _, changes in found.values()), made, passed)


def _fitting(tests: tuple[AlertTest, ...], asking: Asking, *, lines: bool) -> None:
    own = sum(test.traffic is not None for test in tests)
    if asking.given and own == len(tests):
        what = f"all tests of {asking.path} make up their traffic; leave --events and --counts away"
        raise Failure(f"error: {what}", WRONG_USE)
    if lines and own + (own < len(tests)) > 1:
        what = f"--format jsonl tells of one run, and the tests of {asking.path} need several; give one of them"
        raise Failure(f"error: {what}", WRONG_USE)


def _filling(test: AlertTest) -> Fill:
    def fill(recording: Recording, config: Config) -> None:
        assert test.traffic is not None
        recording.take_counts(made_up(test.traffic, int(config.tick)), config)

    return fill
