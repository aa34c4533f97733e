"""The battery on our own sinks."""

import contextlib
import tempfile
from pathlib import Path

import pytest
from fake_pagerduty import FakePagerDuty
from fake_slack import FakeSlack

from bellbuoy.sinks.alertmanager import Alertmanager
from bellbuoy.sinks.base import Secret, Sink
from bellbuoy.sinks.console import Console
from bellbuoy.sinks.pagerduty import PagerDuty
from bellbuoy.sinks.slack import Slack
from bellbuoy.sinks.testing import PLANTED, Check, battery
from bellbuoy.sinks.testing_receiver import Receiver, Request
from bellbuoy.sinks.webhook import Webhook


class AtOnce(Slack):
    """Slack that does not wait for its images."""

    wait = staticmethod(lambda seconds: None)


def slack(url: str, secret: Secret) -> Sink:
    return AtOnce(channel="C0AGENTS", bot_token=secret, api_url=f"{url}api/")


def planted_slack() -> FakeSlack:
    return FakeSlack(PLANTED)


def pagerduty(url: str, secret: Secret) -> Sink:
    return PagerDuty(routing_key=secret, api_url=f"{url}v2/enqueue")


def planted_pagerduty() -> FakePagerDuty:
    return FakePagerDuty(PLANTED)


class Page(Receiver):
    """A file in place of a server: `url` is its path."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "pages.jsonl"

    @property
    def url(self) -> str:
        return str(self.path)

    @property
    def accepted(self) -> list[Request]:
        with contextlib.suppress(FileNotFoundError):
            return [Request("", {}, line) for line in self.path.read_bytes().splitlines()]
        return []

    @accepted.setter
    def accepted(self, value: object) -> None:
        pass

    def __exit__(self, *details) -> None:
        super().__exit__(*details)
        self.folder.cleanup()


CHECKS = [
    *battery("slack", slack, receiver=planted_slack),
    *battery("webhook", lambda url, secret: Webhook(url=url, secret=secret)),
    *battery("pagerduty", pagerduty, receiver=planted_pagerduty),
    *battery("alertmanager", lambda url, secret: Alertmanager(url=url, token=secret)),
    *battery("webhook-slack", lambda url, secret: Slack(webhook_url=Secret(url))),
    *battery("console", lambda url, secret: Console(path=url), receiver=Page, network=False),
]


@pytest.mark.usefixtures("short_timeout")
@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_contract(check: Check) -> None:
    check.run()
