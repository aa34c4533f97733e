"""What becomes of pages that a sink does not take: the next route is told, and so is whoever runs Bellbuoy."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bellbuoy.config.model import Route
from bellbuoy.monitor.explain.wording import span
from bellbuoy.monitor.judging.ourselves import Trouble
from bellbuoy.monitor.judging.records import Reader, Writer, incident
from bellbuoy.monitor.judging.routes import next_sinks


def hand_on(tx: Writer, routes: Sequence[Route], row: Mapping[str, Any], sink: str, now: float) -> list[str]:
    """Ask the sinks of the next route to show an incident that a sink does not take; return those that were not asked yet.

    What is over is handed to nobody: who was never told that it began need not hear of its end.

    Args:
        tx: the transaction that notes why the sink does not take it.
        routes: in the order of the configuration.
        row: of the outbox: `incident`, `about`, `wanted`.
        sink: the one that does not take it.
        now: the instant, epoch seconds.
    """
    found = incident(tx, row["incident"])
    if found is None or found.state == "resolved":
        return []
    asked = {one["sink"] for one in tx.rows("outbox/sinks", incident=found.id)}
    names = [name for name in next_sinks(routes, found, row["about"], sink) if name not in asked]
    for name in names:
        tx.run("outbox/add", incident=found.id, sink=name, number=row["wanted"], at=int(now))
    return names


def troubles(reader: Reader, sinks: Collection[str], failing: Mapping[str, float], now: float) -> list[Trouble]:
    """Return what is wrong with the sinks, as troubles of Bellbuoy's own.

    Args:
        reader: holds the outbox.
        sinks: those that are configured.
        failing: for each sink that has not taken a page for too long, since when, epoch seconds.
        now: the instant, epoch seconds.
    """
    found = [
        Trouble(
            f"sink:{row['sink']}",
            "page",
            f"the sink {row['sink']} refuses pages",
            f"{row['pages']} not shown there ({row['reason']})",
            "The log says `page refused` with the way out. Mend it and restart: what is open is sent then.",
        )
        for row in reader.rows("outbox/refused_now")
        if row["sink"] in sinks
    ]
    refusing = {one.key for one in found}
    return found + [
        Trouble(
            f"sink:{name}",
            "page",
            f"the sink {name} takes no pages",
            f"for {span(int(now - since))} now; the log says `page not sent` with the reason",
            "Nothing is lost: it is tried again until it is taken.",
        )
        for name, since in sorted(failing.items())
        if f"sink:{name}" not in refusing
    ]
