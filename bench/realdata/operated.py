"""Judges a recording as the daemon would have with somebody at the desk: what lasts is taken for the new normal."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bellbuoy.config.load import load_text
from bellbuoy.config.model import Config
from bellbuoy.monitor.backtest.filling import fill_events
from bellbuoy.monitor.backtest.judging import Backtesting
from bellbuoy.monitor.backtest.running import Material
from bellbuoy.monitor.judging.evaluate import Told
from bellbuoy.monitor.judging.incidents import Incident
from bellbuoy.monitor.judging.normal import Asked, Normal

DAY = 86_400
PATIENCE_S = 14 * DAY
"""An incident that is open for so long is taken for the new normal, as the button *Expected…* does."""


@dataclass(frozen=True, slots=True)
class Opening:
    """One incident.

    Attributes:
        at: when it opened, epoch seconds.
        onset: its estimated beginning.
        headline, why: what its page said when it opened.
        incident: as it last was.
        page_at: when it became a page; None: it never did.
    """

    at: int
    onset: int
    headline: str
    why: str
    incident: Incident
    page_at: int | None


@contextlib.contextmanager
def gathered(files: Sequence[Path]) -> Iterator[Material]:
    """Give event files as material for runs; read once."""
    with Material.gathered(lambda recording, config: void(fill_events(recording, files, config))) as material:
        yield material


def void(_: object) -> None:
    """Return nothing of an answer that nobody needs."""


def configured(text: str) -> Config:
    """Return the configuration of a run; what it lacks to be one is added."""
    head = "version: 1\nsources: [{ files: { path: none.jsonl } }]\nsinks: { out: { console: {} } }\nroutes: [{ to: [out] }]\n"
    return load_text(head + text)


def operated(
    material: Material, config: Config, *, days: int | None = None, patience: int = PATIENCE_S
) -> list[Opening]:
    """Return the incidents of a run, in the order in which they opened.

    Args:
        material: records.
        config: how they are judged.
        days: judge so many days; None: all.
        patience: seconds after which an open incident is taken for the new normal.
    """
    told: list[Told] = []
    with material.recording(config) as recording:
        recording.seal(int(config.tick))
        evaluation = Backtesting(recording, config, recording.since)
        desk = Normal(recording, config)
        end = recording.until if days is None else min(recording.until, recording.since + days * DAY)
        at = recording.since
        while at < end:
            at = min(at // DAY * DAY + DAY, end)
            told += evaluation.advance(at)
            for one in evaluation.incidents:
                if at - one.opened_at >= patience:
                    desk.decide(Asked("accept", incident=one.id, who="the bench", why="it lasts"))
    return openings(told)


def openings(told: Sequence[Told]) -> list[Opening]:
    """Return the incidents that changes tell of, in the order in which they opened."""
    found: dict[str, Opening] = {}
    for change, page in told:
        incident = change.incident
        first = found.get(incident.id)
        paged = change.at if incident.severity == "page" else None
        if first is None:
            found[incident.id] = Opening(
                change.at, incident.began, page.headline, incident.lead.verdict.why, incident, paged
            )
        else:
            page_at = first.page_at if first.page_at is not None else paged
            found[incident.id] = Opening(first.at, first.onset, first.headline, first.why, incident, page_at)
    return list(found.values())
