"""The numbers of the overview and of a workflow's page, for a span."""

from collections.abc import Mapping, Sequence
from typing import Any

from bellbuoy.config.model import Config, Workflow
from bellbuoy.detectors.interval import jeffreys
from bellbuoy.monitor.explain.picture import band, block
from bellbuoy.monitor.judging.records import Reader, series_key
from bellbuoy.monitor.judging.watched import SeriesKey
from bellbuoy.monitor.judging.watchlist import ANCHOR
from bellbuoy.monitor.web import door

DAY = 86400
TREND_S = 6 * 3600
_GRAVE = {"worse": 0, "better": 1, "stale": 2, "watch": 3, "learning": 4, "steady": 5}


def overview_of(
    reader: Reader,
    config: Config,
    since: float,
    until: float,
    incidents: tuple[door.IncidentRow, ...],
    sources: tuple[door.SourceRow, ...],
    store: door.StoreState,
) -> door.Overview:
    """Return the overview of all workflows, the neediest first."""
    declared = {one.name: one for one in config.workflows}
    seen = {row["workflow"]: row for row in reader.rows("pages/workflows", since=int(since), until=int(until))}
    verdicts = _verdicts(reader)
    rows = []
    for name in sorted({*declared, *seen}):
        row = seen.get(name)
        key = SeriesKey("interaction_failure", name)
        state, why = _of_workflow(verdicts, name)
        well = 1 - row["bad"] / row["ended"] if row and row["ended"] else None
        normal = _normal(reader, key, until)
        workflow = declared.get(name)
        rows.append(
            door.WorkflowRow(
                name=name,
                title=(workflow.title if workflow else "") or "",
                ended=row["ended"] if row else 0,
                well=well,
                well_before=None if normal is None else 1 - normal["mean"],
                trend=_trends(reader, config.tick, "interaction_failure", name, since, until).get(None, door.Trend()),
                state=state,
                why=why,
                budget_left=_budget_left(workflow, well),
            )
        )
    rows.sort(key=lambda one: (one.budget_left if one.budget_left is not None else 2.0, one.name))
    open_ones = tuple(one for one in incidents if one.state != "resolved")
    return door.Overview(since, until, open_ones, tuple(rows), sources, store, (_query_overview(),))


def workflow_of(
    reader: Reader, config: Config, name: str, since: float, until: float, incidents: tuple[door.IncidentRow, ...]
) -> door.WorkflowView:
    """Return the page of one workflow."""
    workflow = next((one for one in config.workflows if one.name == name), None)
    span = {"since": int(since), "until": int(until)}
    ends = next((row for row in reader.rows("pages/workflows", **span) if row["workflow"] == name), None)
    funnel = {row["step"]: row for row in reader.rows("pages/funnel", workflow=name, **span)}
    verdicts = _verdicts(reader)
    key = SeriesKey("interaction_failure", name)
    state, why = _of_workflow(verdicts, name)
    normal = _normal(reader, key, until)
    ended, bad = (ends["ended"], ends["bad"]) if ends else (0, 0)
    well = 1 - bad / ended if ended else None
    low, high = jeffreys(ended, ended - bad, 1.0, 0.95) if ended else (None, None)
    return door.WorkflowView(
        name=name,
        title=(workflow.title if workflow else "") or "",
        since=since,
        until=until,
        began=max((row["began"] for row in funnel.values()), default=ends["began"] if ends else 0),
        ended=ended,
        well=well,
        well_low=low,
        well_high=high,
        well_before=None if normal is None else 1 - normal["mean"],
        objective=workflow.objective if workflow else None,
        budget_left=_budget_left(workflow, well),
        steps=tuple(_steps(reader, config.tick, workflow, name, funnel, verdicts, incidents, since, until)),
        state=state,
        why=why,
        incidents=incidents,
        chart=None,
        queries=(_query_funnel(name),),
    )


def _steps(
    reader: Reader,
    tick: float,
    workflow: Workflow | None,
    name: str,
    funnel: Mapping[str, Mapping[str, Any]],
    verdicts: Mapping[SeriesKey, tuple[door.Verdict, str]],
    incidents: Sequence[door.IncidentRow],
    since: float,
    until: float,
) -> list[door.StepRow]:
    """Return the declared steps in their order, then those that were only seen."""
    declared = {step.name: step for step in workflow.steps} if workflow else {}
    trends = _trends(reader, tick, "step_failure", name, since, until)
    homes = {one.step: one.key for one in reversed(incidents) if one.state != "resolved"}
    rows = []
    for step in [*declared, *(one for one in funnel if one not in declared)]:
        seen = funnel.get(step)
        key = SeriesKey("step_failure", name, step)
        state, why = verdicts.get(key, ("none", ""))
        normal = _normal(reader, key, until)
        rows.append(
            door.StepRow(
                name=step,
                entered=seen["entered"] if seen else 0,
                lost=seen["lost"] if seen else 0,
                success=seen["good"] / seen["n"] if seen and seen["n"] else None,
                normal=None if normal is None else 1 - normal["mean"],
                optional=step in declared and declared[step].optional,
                reask=seen["reasked"] / seen["asked"] if seen and seen["asked"] else None,
                handoff=seen["handed_off"] / seen["entered"] if seen and seen["entered"] else None,
                trend=trends.get(step, door.Trend()),
                state=state,
                why=why,
                incident=homes.get(step),
            )
        )
    return rows


def _of_workflow(verdicts: Mapping[SeriesKey, tuple[door.Verdict, str]], name: str) -> tuple[door.Verdict, str]:
    """Return the graver of two verdicts on a workflow: how its interactions end, and whether there are any."""
    none: tuple[door.Verdict, str] = ("none", "")
    ends, heard = (verdicts.get(SeriesKey(signal, name), none) for signal in ("interaction_failure", "interactions"))
    return heard if heard[0] in ("worse", "stale") or ends == none else ends


def _verdicts(reader: Reader) -> dict[SeriesKey, tuple[door.Verdict, str]]:
    """Return the gravest newest verdict of each series and its sentence."""
    found: dict[SeriesKey, tuple[door.Verdict, str]] = {}
    for row in reader.rows("judgement/verdicts_now"):
        key = series_key(row)
        if key not in found or _GRAVE[row["state"]] < _GRAVE[found[key][0]]:
            found[key] = (row["state"], row["why"])
    return found


def _normal(reader: Reader, key: SeriesKey, at: float) -> Mapping[str, Any] | None:
    """Return the baseline that the pages compare with: the anchor where there is one, else the learning one."""
    for name in (ANCHOR, "default"):
        rows = reader.rows(
            "explain/baseline", name=name, signal=key.signal, workflow=key.workflow, step=key.step, at=int(at)
        )
        if rows and rows[0]["armed"] > 0:
            return rows[0]
    return None


def _trends(
    reader: Reader, tick: float, signal: str, workflow: str, since: float, until: float
) -> dict[str | None, door.Trend]:
    """Return the success of each step in buckets of six hours, with the band of what is normal."""
    start = int(since) // TREND_S * TREND_S
    times = range(start, int(until), TREND_S)
    counts: dict[str | None, dict[int, Mapping[str, Any]]] = {}
    rows = reader.rows("pages/trends", signal=signal, workflow=workflow, bucket=TREND_S, since=start, until=int(until))
    for row in rows:
        counts.setdefault(row["step"], {})[row["at"]] = row
    trends = {}
    for step, seen in counts.items():
        normal = _normal(reader, SeriesKey(signal, workflow, step), until)
        value, low, high = [], [], []
        for at in times:
            bucket = seen.get(at)
            n = bucket["n"] if bucket else 0
            value.append(1 - bucket["bad"] / n if bucket and n else None)
            ends = band(normal["mean"], normal["dispersion"][block(TREND_S, tick)], n) if normal and n else (None, None)
            low.append(None if ends[1] is None else 1 - ends[1])
            high.append(None if ends[0] is None else 1 - ends[0])
        trends[step] = door.Trend(tuple(value), tuple(low), tuple(high))
    return trends


def _budget_left(workflow: Workflow | None, well: float | None) -> float | None:
    """Return the share of the span's error budget that is left; None without an objective or an end."""
    if workflow is None or workflow.objective is None or well is None or workflow.objective >= 1:
        return None
    return max(0.0, 1 - (1 - well) / (1 - workflow.objective))


def _query_overview() -> door.Query:
    return door.Query(
        "Interactions that end well",
        "SELECT workflow, sum(n) AS ended, 1 - sum(bad) / sum(n) AS well FROM minutes\n"
        "WHERE signal = 'interaction_failure' GROUP BY workflow",
    )


def _query_funnel(name: str) -> door.Query:
    quoted = name.replace("'", "''")
    return door.Query(
        "Success of each step",
        "SELECT step, sum(n) AS trials, 1 - sum(bad) / sum(n) AS success FROM minutes\n"  # noqa: S608 - shown, not run
        f"WHERE signal = 'step_failure' AND workflow = '{quoted}' GROUP BY step ORDER BY success",
    )
