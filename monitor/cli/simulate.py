"""`bellbuoy simulate`: interactions with a drift that is known."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from bellbuoy.config.model import Workflow


@click.command(
    "simulate",
    epilog='Example: bellbuoy simulate --days 30 --drift "qualify:0.95->0.86@day20" --out calls.jsonl',
)
@click.option("--workflow", default="lead-qualifier", show_default=True, help="Name of the workflow.")
@click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True)
@click.option(
    "--per-day", type=click.IntRange(1, 1_000_000), default=200, show_default=True, help="Interactions a day."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same flags give the same bytes.")
@click.option("--start", default="2026-06-01", show_default=True, help="First day (UTC).")
@click.option("--drift", "drifts", multiple=True, help="What goes wrong and when; repeats. See the example below.")
@click.option(
    "--noise", type=click.FloatRange(0, 3), default=0.15, show_default=True, help="How much days and hours differ."
)
@click.option("--late", type=click.FloatRange(0, 1), default=0.0, show_default=True, help="Share that comes late.")
@click.option("--duplicates", type=click.FloatRange(0, 1), default=0.0, show_default=True, help="Share sent twice.")
@click.option(
    "-c",
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take the workflow from a configuration.",
)
@click.option("--create", type=click.IntRange(1, 1000), help="Make the Kafka topic, with so many partitions.")
@click.option("--out", required=True, help="FILE (- is standard output) or kafka://HOST:PORT/TOPIC.")
@click.option("--truth", type=click.Path(dir_okay=False, path_type=Path), help="Write what was put in, as JSON.")
def command(
    workflow: str,
    days: int,
    per_day: int,
    seed: int,
    start: str,
    drifts: tuple[str, ...],
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

    plan = Plan() if config is None else plan_from_workflow(_declared(config, workflow))
    if config is None and workflow != LEAD_QUALIFIER.name:
        raise click.UsageError(f"{workflow!r} is not built in; name a configuration that declares it with -c.")
    try:
        plan = replace(
            plan,
            days=days,
            per_day=per_day,
            seed=seed,
            start=dt.date.fromisoformat(start),
            drifts=parse_drifts(drifts, plan.workflow),
            noise=noise,
            late=late,
            duplicates=duplicates,
        )
    except DriftError as error:
        raise click.UsageError(str(error)) from None
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
