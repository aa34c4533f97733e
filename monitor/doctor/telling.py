"""The sinks: whether each can be reached and may do what it is to do; nobody sees anything of it."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from bellbuoy.config.model import Config
from bellbuoy.config.plugins import sink as sink_of
from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.doctor.finding import Check, Findings, fail, ok
from bellbuoy.monitor.doctor.slack import slack, webhook
from bellbuoy.sinks.base import Probes, Sink
from bellbuoy.sinks.slack import Slack

LOST = {
    "edits": "each change is a new message",
    "threads": "no threads",
    "images": "no chart",
    "resolves": "the end is not told",
}
"""What is lost where a class says that it does not do a thing."""


def checks(config: Config, clock: Clock) -> Iterator[Check]:
    """Yield what to look at: each sink."""
    for name, entry in config.sinks.items():
        one: Any = sink_of(entry.kind, entry.settings)
        if not isinstance(one, Slack):
            yield Check("sinks", name, partial(probed, entry.kind, one))
        elif one.bot_token is None:
            yield Check("sinks", name, partial(webhook, one))
        else:
            yield Check("sinks", name, partial(slack, one, config.server, clock))


def probed(kind: str, sink: Sink) -> Findings:
    """Yield whether a sink finds its receiver, and what is lost with this kind."""
    lost = [what for name, what in LOST.items() if not getattr(sink, name)]
    shows = f"; {', '.join(lost)}" if lost else ""
    if not isinstance(sink, Probes):
        yield ok(f"{kind} can be made; it has no `probe`, so only --send-test shows more{shows}")
        return
    wrong = sink.probe()
    if wrong is None:
        yield ok(f"{kind} is there{shows}")
    else:
        yield fail(f"{kind}: {wrong}", "see to the setting, the network, and the receiver")
