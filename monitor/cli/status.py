"""`bellbuoy status`: one line a workflow and step: rate, what is normal, verdict."""

import json
from pathlib import Path
from typing import Any

import click

from bellbuoy.monitor.cli.asking import answers, given
from bellbuoy.monitor.cli.failures import DONE_NO
from bellbuoy.monitor.cli.options import Named, token_option, url_option, where_option

RANKS = {"watch": 0, "ticket": 1, "page": 2}
MARKS = {"worse": "✗", "better": "△", "stale": "?", "watch": "!", "learning": "…", "steady": "✓", "none": "·"}


@click.command("status", epilog="Example: bellbuoy status --fail-on page")
@click.option("--fail-on", type=Named(list(RANKS)), help="Exit 1 when an open incident is at least so grave.")
@click.option("--format", "form", type=Named(["text", "json"]), default="text", show_default=True)
@click.option("--series", is_flag=True, help="Tell of each series what can be seen on it, and when.")
@where_option
@url_option
@token_option
def command(
    *, fail_on: str | None, form: str, series: bool, config: Path | None, url: str | None, token_file: Path | None
) -> int:
    """Say how each workflow and step is, against what is normal, over the last 7 days."""
    with answers(given(config), url, token_file) as asked:
        overview = asked.overview()
        views = [asked.workflow(row["name"]) for row in overview["workflows"]]
        seen = asked.sights()
    if form == "json":
        click.echo(json.dumps({"overview": overview, "workflows": views, "sights": seen}, indent=2, ensure_ascii=False))
    else:
        for line in [*lines(overview, views), *_sights(seen, whole=series)]:
            click.echo(line)
    worst = max((RANKS[one["severity"]] for one in overview["incidents"]), default=-1)
    return DONE_NO if fail_on is not None and worst >= RANKS[fail_on] else 0


def lines(overview: dict[str, Any], views: list[dict[str, Any]]) -> list[str]:
    """Return the status as lines of text."""
    told = [f"{one['severity']:<6}  {one['headline']}  ({one['key']}, {one['state']})" for one in overview["incidents"]]
    told = told or ["no open incident"]
    for view in views:
        width = max([len(view["name"]), *(len(step["name"]) + 2 for step in view["steps"])])
        told += ["", f"{'':<{width}}    {'now':>7}  {'normal':>7}  {'trials':>7}  verdict"]
        told.append(_line(view["name"], width, view["well"], view["well_before"], view["ended"], view))
        told += [
            _line("  " + step["name"], width, step["success"], step["normal"], step["entered"], step)
            for step in view["steps"]
        ]
    told.append("")
    for source in overview["sources"]:
        dead = source["dead_letters"]
        letters = f", {dead:,} dead letter{'' if dead == 1 else 's'}" if dead else ""
        why = f": {source['why']}" if source["why"] else ""
        told.append(f"source {source['name']}: {source['state']}{letters}{why}")
    return told


def _sights(seen: list[dict[str, Any]], *, whole: bool) -> list[str]:
    """Return what each detector runs on and can see, a line a detector, or a line a series."""
    from bellbuoy.monitor.explain.sights import by_detector, table
    from bellbuoy.monitor.judging.sight import Sight

    sights = [Sight(**one) for one in seen]
    if not sights:
        return []
    return ["", *(table(sights, len(sights)) if whole else by_detector(sights))]


def _line(name: str, width: int, now: float | None, normal: float | None, trials: int, row: dict[str, Any]) -> str:
    state = row["state"]
    verdict = "not watched" if state == "none" else state
    return f"{name:<{width}}  {MARKS[state]} {_percent(now):>7}  {_percent(normal):>7}  {trials:>7,}  {verdict}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
