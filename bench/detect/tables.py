"""The tables of a run, as Markdown: on the terminal and in the documentation they are the same."""

from collections.abc import Mapping
from typing import Any, Final

from bellbuoy.bench.detect.cells import delay, short, table
from bellbuoy.bench.detect.columns import COLUMNS
from bellbuoy.bench.detect.other_tables import others
from bellbuoy.bench.detect.outcomes import PEERS
from bellbuoy.bench.detect.scenarios import FAMILIES
from bellbuoy.bench.detect.targets import PRODUCT, number

ORDER: Final = (PRODUCT, *(one.name for one in COLUMNS if one.name != "oracle"), *(one.name for one in PEERS))


def tables(run: Mapping[str, Any]) -> str:
    """Return all tables of a run.

    Args:
        run: as it stands in bench/results/detect.json.
    """
    found = run["found"]
    parts = [
        targets(run, "series"),
        _delays(found, "equal"),
        _delays(found, "usual"),
        _falses(found),
        others(found),
        _grids(found),
        _speeds(run),
    ]
    return "\n".join(part for part in parts if part)


def targets(run: Mapping[str, Any], what: str) -> str:
    """Return what is promised and what was seen; `what` there are so many of in a scenario."""
    rows = [
        (
            one["number"],
            one["what"],
            one["bound"],
            one["seen"],
            {True: "kept", False: "**missed**", None: "not judged"}[one["kept"]],
        )
        for one in run["targets"]
    ]
    quick = " A quick run may miss a bound by two standard errors." if run["quick"] else ""
    head = f"### What is promised\n\n{run['replicates']} {what} a scenario.{quick}\n"
    lines = ["| | measured | promised | seen | |", "|---|---|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]
    return head + "\n" + "\n".join(lines) + "\n"


def _delays(found: Mapping[str, Any], mode: str) -> str:
    """Return the delays of all columns; scenarios are columns of the table, so that it stays narrow."""
    titles = {
        "equal": "### Delay at equal budget\n\nEvery column with the threshold that 37 % of the series never pass in 30 days; peers of every outcome with the soonest of the settings of their grid that keep to it, chosen with hindsight for each change.\n",
        "usual": "### Delay as shipped\n\nThe product with the thresholds that it learned, the others with their usual ones, whatever they cost in false openings.\n",
    }
    out = [
        titles[mode],
        "Mean ticks of 5 minutes ± standard error; in brackets the median, and what was missed. `early`: had opened within the day before the change, and is not counted.\n",
    ]
    for family in FAMILIES:
        own = found.get(family.name, {}).get("cells")
        if not own:
            continue
        names = [
            name
            for name in (("Lorden", "oracle", *ORDER) if mode == "equal" else ORDER)
            if any(name in cell for cell in own.values())
        ]
        rows = [[_named(name), *(delay(own[cell].get(name, {}).get(mode)) for cell in own)] for name in names]
        if mode == "usual" and any("usual_to_oracle" in cell[PRODUCT] for cell in own.values()):
            rows.append(["product over the oracle at equal budget", *(_ratio(cell[PRODUCT]) for cell in own.values())])
        out.append(table([family.name, *own], rows))
    return "\n".join(out) if len(out) > 2 else ""


def _ratio(own: Mapping[str, Any]) -> str:
    if "usual_to_oracle" not in own:
        return "–"
    return f"{number(own['usual_to_oracle']):.2f} ± {number(own['usual_to_oracle_error']):.2f}"


def _falses(found: Mapping[str, Any]) -> str:
    families = [one.name for one in FAMILIES if one.name in found]
    if not families:
        return ""
    names = [name for name in ORDER if any(name in found[one]["null"] for one in families)]
    rows = []
    for name in names:
        row = [_named(name)]
        for one in families:
            own = found[one]["null"].get(name)
            row.append(
                "–"
                if own is None
                else f"{short(number(own['usual']['mean']))} ± {short(number(own['usual']['error']))} ({short(number(own['usual']['p99']))})"
            )
        rows.append(row)
    learned = [found[one]["null"][PRODUCT] for one in families]
    rows.append(["product: threshold, nats", *(short(number(one["usual_at"])) for one in learned)])
    rows.append(["product: slope of the tail β", *(short(number(one["learned"].get("beta"))) for one in learned)])
    head = "### False openings as shipped\n\nNothing is wrong for 30 days. Openings by series, ± standard error, in brackets the 99 % point of a series. One is allowed.\n\n"
    return head + table(["", *families], rows)


def _grids(found: Mapping[str, Any]) -> str:
    out = []
    for family in FAMILIES:
        own = found.get(family.name, {})
        rows = [row for peer in PEERS for row in _tried(peer.name, own.get("null", {}).get(peer.name))]
        if rows:
            out.append(table([family.name, "false by series and 30 days", "series with one"], rows))
        out += [f"{name} {note}.\n" for name, note in own.get("notes", {}).items()]
    return "### Settings that were tried\n\n" + "\n".join(out) if out else ""


def _tried(name: str, own: Mapping[str, Any] | None) -> list[list[str]]:
    """Return a row for the usual settings of a peer, and one for each of its grid."""
    if own is None:
        return []
    rows = []
    for which, row in enumerate([{"settings": own["usual_at"], **own["usual"]}, *own["grid"]]):
        settings = ", ".join(f"{key} {value:g}" for key, value in row["settings"].items())
        mark = " (as shipped)" if which == 0 else " **tried**" if row["settings"] in own["equal_at"] else ""
        rate = f"{short(number(row['mean']))} ± {short(number(row['error']))}"
        rows.append([f"{name}: {settings}{mark}", rate, f"{number(row['any']):.0%}"])
    return rows


def _speeds(run: Mapping[str, Any]) -> str:
    found = run["found"]
    us = [
        f"{name} {short(number(one['us']))}"
        for name, one in found.get("realistic", {}).get("null", {}).items()
        if "us" in one
    ]
    told = f"Microseconds by tick and series: {', '.join(us)}.\n\n" if us else ""
    return told + made_on(run)


def made_on(run: Mapping[str, Any]) -> str:
    """Return the seeds, the time and the machine of a run."""
    machine = ", ".join(f"{name} {value}" for name, value in run["machine"].items())
    return f"Seeds {run['seed']}, scenario, replicate; {run['seconds']:.0f} s; load {run['load']} before; {machine}.\n"


def _named(name: str) -> str:
    return f"**{name}**" if name == PRODUCT else name
