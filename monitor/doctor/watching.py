"""The detectors: how far all is judged, which series still learn and what that takes, the smallest change that each can see."""

from collections.abc import Iterator

from bellbuoy.config.model import Config, DetectorEntry
from bellbuoy.config.quantities import write_duration
from bellbuoy.monitor.doctor.finding import Check, Finding, Findings, fail, ok, warn
from bellbuoy.monitor.doctor.knowing import Knowing, Unknown
from bellbuoy.monitor.explain.sights import FEW, seen
from bellbuoy.monitor.ingest.watermark import QUIET_TICKS
from bellbuoy.monitor.judging.sight import Sight
from bellbuoy.monitor.judging.watchlist import baseline_of, detectors_of
from bellbuoy.monitor.web.wording import age

STOPPED_S = 900.0
"""Seconds past the latest end of a tick after which judging has stopped."""


def checks(config: Config, knowing: Knowing) -> Iterator[Check]:
    """Yield what to look at."""
    yield Check("detectors", "ticks", lambda: ticks(config, knowing))
    yield Check("detectors", "series", lambda: series(config, knowing), late="warn")


def ticks(config: Config, knowing: Knowing) -> Findings:
    """Yield how far all is judged, and what a tick costs."""
    try:
        judged = knowing.judged()
        held = knowing.holder is not None
        spent = {name: knowing.number(f"tick_duration_seconds_{name}") or 0.0 for name in ("sum", "count") if held}
    except Unknown as why:
        yield ok(f"nothing is judged: {why}")
        return
    if judged is None:
        yield ok("no tick is judged yet")
        return
    late = knowing.clock.now() - judged
    said = f"judged up to {age(late)} ago"
    if spent.get("count"):
        said += f"; {spent['sum'] / spent['count']:.2f} s at a time"
    if not held:
        yield ok(f"{said}; no daemon judges now")
    elif late > config.ingest.lateness + (QUIET_TICKS + 1) * config.tick + STOPPED_S:
        yield fail(said, "a stream that is behind or stopped holds judging back: `bellbuoy source list`")
    else:
        yield ok(said)


def series(config: Config, knowing: Knowing) -> Findings:
    """Yield of each detector on how much it runs, what still learns, and what it can see."""
    try:
        sights = knowing.sights()
    except Unknown as why:
        yield ok(f"nothing is watched: {why}")
        return
    if not sights:
        yield ok("nothing is watched yet: no event has come")
        return
    for entry in config.detectors:
        own = [one for one in sights if one.detector == entry.name]
        if own:
            yield _detector(config, entry, own)


def _detector(config: Config, entry: DetectorEntry, own: list[Sight]) -> Finding:
    judged, blind = [one for one in own if one.armed], [one.name for one in own if one.blind]
    said = f"{entry.name} ({entry.kind}) judges {len(judged):,} of {len(own):,} things to watch"
    if judged and (range_ := seen(judged)) != "–":
        said += f"; proven within 3 days: {range_}"
    needs = config.baselines.get(baseline_of(entry, detectors_of([entry])[entry.name]))
    learning = len(own) - len(judged)
    if learning:
        said += f"; {learning:,} still learn{'s' if learning == 1 else ''} what is normal"
    if learning and needs is not None:
        span = write_duration(needs.min_span)
        said += f": {needs.min_trials:,} trials, {needs.min_bad:,} bad ones and {span} each"
    if blind:
        named = ", ".join(sorted(set(blind))[:FEW])
        return warn(
            f"{said}; more than a week for min_change on {named}", "too few trials: watch larger parts (`by`), or wait"
        )
    return warn(said, "wait, or `bellbuoy backtest` what was logged before") if not judged else ok(said)
