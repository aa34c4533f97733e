"""Let's Go: 42 months of a telephone agent with real callers, beside the change log that its operators kept for 21 of them."""

import csv
import datetime as dt
import gzip
import itertools
import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bellbuoy.bench.realdata.operated import DAY, Opening, configured, gathered, operated

EVENTS, LOG = "letsgo_2006_2009.jsonl.gz", "changelog_2006_2009.csv"
KINDS = ("release", "tuning", "crash", "failover", "recovery", "misconfiguration", "experiment")
"""Entries of the log that change the system in use; fixes, logging and layout are left out."""
MERGED_D = 14
"""Entries at most so many days apart are one episode."""
AFTER_D = 28
"""What opens within so many days after an episode is held to be about it."""
CERTAIN = "2006-07-31"
"""The one change point that a segmentation of the whole record finds (binomial likelihood, scaled for dispersion)."""
RECENT, PAST, Z = 7, 60, 3.0
SCATTER = 1.46
"""Day-to-day dispersion of the share inside calendar months."""
QUIET_D = 7
"""Days at or below the limit after which the z rule may open again."""
SETTINGS = """\
tick: 1h
budget: {{ false_pages: {pages}, per: {per} }}
detectors:
  - {{ name: end-to-end, signal: interaction_failure, by: [workflow], kind: rate_shift, direction: both, slices: [agent_version] }}
  - {{ name: month-one, signal: interaction_failure, by: [workflow], kind: slow_drift, direction: both, slices: [agent_version] }}
  - {{ name: volume, signal: interactions, by: [workflow], kind: volume, direction: down }}
outages:
"""
BUDGETS = (("2 in 30 days (default)", "2", "30d"), ("3 in a year", "3", "365d"))


@dataclass(frozen=True, slots=True)
class Day:
    """One day with calls (the first one of a report): judged calls and those of them that did not end well; all calls."""

    at: int
    n: int
    bad: int
    calls: int


@dataclass(frozen=True, slots=True)
class Episode:
    """Entries of the change log that belong together: their days (epoch seconds), and what they say."""

    since: int
    until: int
    parts: tuple[str, ...]
    volume: bool

    def holds(self, at: int) -> bool:
        """Tell whether what opened at `at` is held to be about it."""
        return self.since <= at < self.until + (AFTER_D + 1) * DAY


@dataclass(frozen=True, slots=True)
class LetsGo:
    """What was found: episodes, openings of the product for each budget, openings of the z rule, and the reports."""

    days: tuple[Day, ...]
    episodes: tuple[Episode, ...]
    log_until: int
    found: dict[str, list[Opening]]
    plain: list[int]
    scattered: list[int]


def day(text: str) -> int:
    """Return the beginning of a day (UTC) as epoch seconds."""
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp())


def reports(folder: Path) -> list[Day]:
    """Return the days that have calls, oldest first."""
    n, bad, calls = Counter[int](), Counter[int](), Counter[int]()
    with gzip.open(folder / EVENTS) as file:
        for line in file:
            event = json.loads(line)
            at = day(event["ts"][:10])
            calls[at] += 1
            n[at] += event["outcome"] in ("success", "failure")
            bad[at] += event["outcome"] == "failure"
    return [Day(at, n[at], bad[at], calls[at]) for at in sorted(calls)]


def gaps(days: Sequence[Day]) -> list[tuple[int, int]]:
    """Return the first and last days of spans without calls: the log was down, callers were not."""
    return [(one.at + DAY, after.at - DAY) for one, after in itertools.pairwise(days) if after.at - one.at > DAY]


def episodes(folder: Path, first: int) -> tuple[list[Episode], int]:
    """Return the episodes of the change log since a day, and the day of its last entry."""
    with (folder / LOG).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found: list[Episode] = []
    for row in sorted(rows, key=lambda one: one["date"]):
        since = day(row["date"])
        until = day(row["until"]) if row["until"] else since
        if row["kind"] not in KINDS or row["may_move"] not in ("success", "volume") or since < first:
            continue
        part, volume = f"{row['kind']} ({row['part']})", row["may_move"] == "volume"
        if found and since - found[-1].since <= MERGED_D * DAY:
            last = found[-1]
            parts = tuple(dict.fromkeys((*last.parts, part)))
            found[-1] = Episode(last.since, max(last.until, since), parts, last.volume or volume)
        else:
            found.append(Episode(since, since if until - since > 60 * DAY else until, (part,), volume))
    return found, max(day(row["date"]) for row in rows)


def z_rule(days: Sequence[Day], scatter: float = 1.0) -> list[int]:
    """Return when a rule opens that compares the last 7 days with a report with the 60 before them: two proportions, |z| > 3.

    Args:
        days: the reports, oldest first.
        scatter: dispersion that the variance is multiplied by.
    """
    found, calm = [], QUIET_D
    for end in range(RECENT + PAST, len(days) + 1):
        recent, past = days[end - RECENT : end], days[end - RECENT - PAST : end - RECENT]
        n1, b1, n0, b0 = (sum(getattr(one, name) for one in part) for part in (recent, past) for name in ("n", "bad"))
        share = (b1 + b0) / (n1 + n0)
        error = math.sqrt(scatter * share * (1 - share) * (1 / n1 + 1 / n0))
        if abs(b1 / n1 - b0 / n0) > Z * error:
            if calm >= QUIET_D:
                found.append(days[end - 1].at + DAY)
            calm = 0
        else:
            calm += 1
    return found


def run(folder: Path, days: int | None = None) -> LetsGo:
    """Judge the record by the daemon's evaluation and by the z rule.

    Args:
        folder: of the logs.
        days: only so many; None: all.
    """
    known = reports(folder)
    if days is not None:
        known = [one for one in known if one.at < known[0].at + days * DAY]
    outages = "".join(
        f"  - {{ from: {_date(since)}, to: {_date(until)}, why: no report }}\n" for since, until in gaps(known)
    )
    found = {}
    with gathered([folder / EVENTS]) as material:
        for name, pages, per in BUDGETS if days is None else BUDGETS[:1]:
            config = configured(SETTINGS.format(pages=pages, per=per) + outages)
            found[name] = operated(material, config, days=days)
    told, until = episodes(folder, known[0].at)
    told = [one for one in told if one.since <= known[-1].at]
    return LetsGo(tuple(known), tuple(told), min(until, known[-1].at), found, z_rule(known), z_rule(known, SCATTER))


def _date(at: int) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%d")


def _success(days: Sequence[Day], since: int, until: int) -> str:
    part = [one for one in days if since <= one.at < until]
    n, bad = sum(one.n for one in part), sum(one.bad for one in part)
    calls = sum(one.calls for one in part) / len(part) if part else 0.0
    return f"{100 * (1 - bad / n):.1f} %, {calls:.0f} calls" if n else "no report"


def _first(openings: Sequence[int], episode: Episode) -> str:
    at = next((one for one in openings if episode.holds(one)), None)
    return "–" if at is None else f"{(at - episode.since) / DAY:.0f} d"


def text(found: LetsGo) -> Iterator[str]:
    """Yield the lines of the report, in Markdown."""
    names = list(found.found)
    own = {name: [one.at for one in found.found[name]] for name in names}
    rules = {**own, "z rule": found.plain, f"z rule, dispersion {SCATTER}": found.scattered}
    years = (found.days[-1].at - found.days[0].at) / (365.25 * DAY)
    yield "## Let's Go: a telephone agent with real callers"
    yield ""
    yield (
        f"{_date(found.days[0].at)} to {_date(found.days[-1].at)}, {len(found.days):,} daily reports, "
        f"{sum(one.n for one in found.days):,} judged calls. The operators kept a change log until {_date(found.log_until)}. Its "
        f"entries that change the system in use ({', '.join(KINDS)}) make {len(found.episodes)} episodes; those at most "
        f"{MERGED_D} days apart are one. An opening within {AFTER_D} days after an episode is held to be about it; all "
        "others are called false, also where the log is silent and nobody knows."
    )
    yield ""
    yield (
        "The times inside a day are invented, so ticks are an hour. Days without a report are `outages`. Both directions are watched, "
        f"and an incident that is open for {PATIENCE_D} days is answered with *Expected…*: a change for the better is the "
        "new normal. The z rule compares the last 7 days with the 60 before, both directions, and opens past 3."
    )
    yield ""
    yield "| what the log says | success and calls a day, 28 days before → after | " + " | ".join(rules) + " |"
    yield "|---|---|" + "---|" * len(rules)
    for one in found.episodes:
        until = "" if one.until == one.since else f" .. {_date(one.until)}"
        before = _success(found.days, one.since - 28 * DAY, one.since)
        after = _success(found.days, one.since, one.since + 28 * DAY)
        cells = " | ".join(_first(opened, one) for opened in rules.values())
        yield f"| {_date(one.since)}{until}: {', '.join(one.parts)} | {before} → {after} | {cells} |"
    yield ""
    split = {}
    for name in names:
        split[name] = own[name]
        for what, signal in (("success", "interaction_failure"), ("volume", "interactions")):
            split[f"{name}: {what} alone"] = [
                one.at for one in found.found[name] if one.incident.lead.watched.series.signal == signal
            ]
    yield "| rule | openings | after an episode | by chance it would be | false in a year | episodes found |"
    yield "|---|---|---|---|---|---|"
    covered = sum(any(one.holds(each.at) for one in found.episodes) for each in found.days) / len(found.days)
    for name, opened in {**split, **rules}.items():
        about = sum(any(one.holds(at) for one in found.episodes) for at in opened)
        hit = sum(any(one.holds(at) for at in opened) for one in found.episodes)
        yield (
            f"| {name} | {len(opened)} | {about} | {covered * len(opened):.1f} | {(len(opened) - about) / years:.1f} "
            f"| {hit} of {len(found.episodes)} |"
        )
    yield ""
    yield (
        f"{100 * covered:.0f} % of the days lie after an episode. The z rule looks at success alone, so it compares with the lines of success. "
        "An opening that no entry explains is not always an error: the reports in the tables below show what became of the "
        "numbers from its beginning on. A success of 100 % on several days is a fault of the estimate, and hardly any calls is one of the line or of "
        "the report; the log speaks of neither."
    )
    yield ""
    sure = Episode(day(CERTAIN), day(CERTAIN), (), volume=False)
    yield (
        "Hardly any rule hits episodes more often than chance: most entries moved nothing. One change is certain, for "
        f"segmenting the whole record afterwards finds it alone: {CERTAIN}, success .607 → .749. It was told after: "
        + ", ".join(f"{_first(opened, sure)} ({name})" for name, opened in rules.items())
        + "."
    )
    for name in names:
        yield ""
        yield f"What was told with a budget of {name}:"
        yield ""
        yield "| opened | began about | page after | what the page said | the reports: week before → 3 days from then on | the log before it |"
        yield "|---|---|---|---|---|---|"
        for opening in found.found[name]:
            near = [one for one in found.episodes if one.holds(opening.at)]
            said = f"{_date(near[-1].since)}: {', '.join(near[-1].parts)}" if near else "nothing"
            if not near and opening.at > found.log_until + AFTER_D * DAY:
                said = "is silent"
            paged = "–" if opening.page_at is None else f"{(opening.page_at - opening.onset) / DAY:.1f} d"
            start = opening.onset // DAY * DAY
            was, became = (
                _success(found.days, since, until)
                for since, until in ((start - 7 * DAY, start), (start, start + 3 * DAY))
            )
            yield (
                f"| {_date(opening.at)} | {_date(opening.onset)} | {paged} | {opening.headline} | {was} → {became} | {said} |"
            )


PATIENCE_D = 14
