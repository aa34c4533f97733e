"""Daemons as processes of their own, with a fake Slack beside them; every one of them is gone after its test."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "sinks")]

from fake_slack import FakeSlack  # noqa: E402 - found through the line above
from running_daemon import Daemon  # noqa: E402 - the same


@pytest.fixture
def daemon(tmp_path):
    """Make a daemon that is not started yet: `daemon(sources, **what the configuration says)`."""
    made = []

    def make(sources, **settings):
        made.append(Daemon(tmp_path / f"daemon{len(made)}", sources, **settings))
        return made[-1]

    yield make
    for one in made:
        one.end()


@pytest.fixture
def fake_slack():
    """A fake Slack with a token of its own; its linter found nothing by the end of the test."""
    with FakeSlack(token="xoxb-1795-planted-b3llbuoy") as slack:
        yield slack
    assert slack.findings == []
