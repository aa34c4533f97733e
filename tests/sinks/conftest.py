"""Fixtures of the sinks' tests; modules beside it are imported by path."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fake_slack import FakeSlack
from fake_slack_app import FakeSlackApp

MENTION = "<!subteam^S012ABC>"


@pytest.fixture
def fake_slack() -> Iterator[FakeSlack]:
    """A fake Slack whose linter found nothing by the end of the test."""
    with FakeSlack(mention=MENTION) as slack:
        yield slack
    assert slack.findings == []


@pytest.fixture
def fake_slack_app() -> Iterator[FakeSlackApp]:
    """A fake Slack whose app can be heard; its linter found nothing by the end of the test."""
    with FakeSlackApp(mention=MENTION) as slack:
        yield slack
    assert slack.findings == []


@pytest.fixture
def short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let requests time out in a third of a second instead of ten."""
    for module in ("outgoing", "slack_api"):
        monkeypatch.setattr(f"bellbuoy.sinks.{module}.TIMEOUT_S", 0.3)
