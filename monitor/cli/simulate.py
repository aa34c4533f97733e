"""`bellbuoy simulate`: interactions with a drift that is known."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bellbuoy.monitor.cli.failures import WRONG_USE, Failure
from bellbuoy.monitor.cli.options import Named

if TYPE_CHECKING:
    from bellbuoy.config.model import Workflow


@click.command(
    "simulate",
    epilog=(
        "\b\nDrift: STEP:FROM->TO@dayD or @dayD..dayE, also STEP.reask:, .handoff:, .slow:,\n"
        "STEP[agent_version=v41]:, volume:, silence@dayD/3h, source:NAME stale@dayD.\n"
        'Example: bellbuoy simulate --drift "qualify:0.95->0.86@day20" --out my.jsonl'
    ),
)
@click.option("--workflow", metavar="NAME", default="lead-qualifier", show_default=True, help="What is simulated.")
@click.option("--days", type=click.IntRange(1, 3650), metavar="N", default=30, show_default=True, help="How long.")
@click.option(
    "--per-day",
    type=click.IntRange(1, 1_000_000),
    metavar="N",
    default=200,
    show_default=True,
    help="Interactions a day.",
)
@click.option(
    "--seed", type=click.IntRange(0), metavar="N", default=1, show_default=True, help="Equal seeds, equal bytes."
)
@click.option("--start", metavar="DAY", default="2026-06-01", show_default=True, help="First day (UTC).")
@click.option(
    "--drift", "drifts", metavar="DRIFT", multiple=True, help="What goes wrong; repeats. See docs/simulate.md."
)
@click.option(
    "--hours", type=Named(["office", "flat"]), default="office", show_default=True, help="When interactions come."
)
@click.option(
    "--noise", type=click.FloatRange(0, 3), metavar="X", default=0.15, show_default=True, help="How much hours differ."
)
@click.option(
    "--late", type=click.FloatRange(0, 1), metavar="SHARE", default=0.0, show_default=True, help="Labelled days later."
)
@click.option(
    "--duplicates", type=click.FloatRange(0, 1), metavar="SHARE", default=0.0, show_default=True, help="Sent twice."
)
@click.option(
    "-c",
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Take the workflow from a configuration.",
)
@click.option("--create", type=click.IntRange(1, 1000), metavar="N", help="Make a missing topic, of N partitions.")
@click.option("--out", metavar="WHERE", required=True, help="FILE, - or kafka://HOST:PORT/TOPIC.")
@click.option("--truth", type=click.Path(dir_okay=False, path_type=Path), help="Write what was put in, as JSON.")
def command(
    workflow: str,
    days: int,
    per_day: int,
    seed: int,
    start: str,
    drifts: tuple[str, ...],
    hours: str,
    noise: float,
    late: float,
    duplicates: float,
    config: Path | None,
    create: int | None,
    out: str,
    truth: Path | None,
) -> None:
    """Write native events of a simulated agent."""
    import datetime as dt
    import json
    from dataclasses import replace

    from bellbuoy.monitor.simulate import LEAD_QUALIFIER, DriftError, Plan, parse_drifts, plan_from_workflow
    from bellbuoy.monitor.simulate import simulate as lines_of
    from bellbuoy.monitor.simulate import truth as planted

    if config is None and workflow != LEAD_QUALIFIER.name:
        raise click.UsageError(f"{workflow!r} is not built in; name a configuration that declares it with -c.")
    try:
        first = dt.date.fromisoformat(start)
    except ValueError:
        raise click.UsageError(f"{start!r} is not a day; write --start 2026-06-01") from None
    try:
        plan = Plan() if config is None else plan_from_workflow(_declared(config, workflow))
        plan = replace(
            plan,
            days=days,
            per_day=per_day,
            seed=seed,
            start=first,
            drifts=parse_drifts(drifts, plan.workflow),
            hours=hours,
            noise=noise,
            late=late,
            duplicates=duplicates,
        )
    except DriftError as error:
        raise Failure(str(error), WRONG_USE) from None
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if out.startswith("kafka://"):
        from bellbuoy.monitor.cli.replay import send_with_progress

        send_with_progress(lines_of(plan), out, create)
    elif out == "-":
        sys.stdout.buffer.writelines(line + b"\n" for line in lines_of(plan))
    else:
        with Path(out).open("wb") as file:
            count = 0
            for line in lines_of(plan):
                file.write(line + b"\n")
                count += 1
        click.echo(f"{count:,} events of {days} days written to {out}", err=True)
    if truth is not None:
        truth.write_text(json.dumps(planted(plan), indent=2) + "\n")


def _declared(config: Path, workflow: str) -> "Workflow":
    from bellbuoy.config.load import load

    declared = {one.name: one for one in load(config).workflows}
    if workflow not in declared:
        known = ", ".join(declared) or "none"
        raise click.UsageError(f"{config} declares no workflow {workflow!r}; it declares {known}.")
    return declared[workflow]
