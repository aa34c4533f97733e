"""Draws docs/picture.svg from the store that `bellbuoy demo` leaves behind: the fall as it was, and the page about it.

make demo DEMO_FLAGS=--exit && .venv/bin/python tools/picture.py bellbuoy-demo/bellbuoy.duckdb
"""

import json
import sys
import textwrap
from html import escape
from pathlib import Path
from typing import Any

from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.door.adhoc import ask

OUT = Path(__file__).resolve().parent.parent / "docs" / "picture.svg"
DAYS = """
SELECT date_diff('day', first.minute, minutes.minute) AS day, CAST(sum(n) AS DOUBLE) AS n, CAST(sum(bad) AS DOUBLE) AS bad
FROM minutes, (SELECT date_trunc('day', min(minute)) AS minute FROM minutes) AS first
WHERE signal = 'interaction_failure'
GROUP BY 1
ORDER BY 1
"""
CHANGES = """
SELECT incident, severity, headline, date_diff('day', first.minute, changed_at) + 1 AS day
FROM changes, (SELECT date_trunc('day', min(minute)) AS minute FROM minutes) AS first
ORDER BY changed_at
"""
STYLE = """<style>
.paper{fill:#fff;stroke:#d0d7de}.ink{fill:#1f2328}.soft{fill:#59636e}.grid{stroke:#d8dee4}.band{fill:#dbeafe}
.line{fill:none;stroke:#1f2937;stroke-width:1.6}.mark{stroke:#cf222e;stroke-width:1.6}.red{fill:#cf222e}.lozenge{fill:#fff}
text{font-size:13px}.small{font-size:11.5px}.big{font-size:13.5px;font-weight:600}.bold{font-weight:600}
@media (prefers-color-scheme:dark){.paper{fill:#161b22;stroke:#30363d}.ink{fill:#e6edf3}.soft{fill:#9198a1}
.grid{stroke:#2a313a}.band{fill:#12283f}.line{stroke:#e6edf3}.mark{stroke:#f85149}.red{fill:#f85149}.lozenge{fill:#161b22}}
</style>"""
LEFT, WIDTH, TOP, HEIGHT = 52, 470, 58, 220
CARD = 572


def x(day: float) -> float:
    """Return where a day of the six months stands."""
    return round(LEFT + day * WIDTH / 180, 1)


def y(share: float) -> float:
    """Return where a share between 70 % and 100 % stands."""
    return round(TOP + (1 - share) * HEIGHT / 0.3, 1)


def words(at: float, below: float, text: str, kind: str = "ink") -> str:
    """Return a line of text."""
    return f'<text class="{kind}" x="{at}" y="{below}">{escape(text)}</text>'


def percent(share: float) -> str:
    """Return a share as people read it."""
    return f"{100 * share:.0f} %"


def fall(days: list[dict[str, Any]], told: dict[str, Any], paged: dict[str, Any]) -> list[str]:
    """Return the left half: four days a point, what was normal, and when it was told."""
    fours = [days[place : place + 4] for place in range(0, len(days) - 3, 4)]
    points = [(four[1]["day"], 1 - sum(d["bad"] for d in four) / sum(d["n"] for d in four)) for four in fours]
    first, last = ([share for day, share in points if low <= day < low + 30] for low in (0, 150))
    normal, end = sum(first) / len(first), sum(last) / len(last)
    made = [words(20, 30, "Interactions that end well, month one to month six", "ink bold")]
    band = y(min(first)) - y(max(first))
    made.append(f'<rect class="band" x="{x(0)}" y="{y(max(first))}" width="{WIDTH}" height="{band:.1f}"/>')
    for share in (1.0, 0.9, 0.8, 0.7):
        made.append(f'<line class="grid" x1="{x(0)}" y1="{y(share)}" x2="{x(180)}" y2="{y(share)}"/>')
        made.append(words(14, y(share) + 4, percent(share), "soft small"))
    made += [words(x(30 * month + 7), y(0.7) + 18, f"month {month + 1}", "soft small") for month in range(6)]
    made.append(f'<polyline class="line" points="{" ".join(f"{x(day)},{y(share)}" for day, share in points)}"/>')
    for change, what in ((told, "told"), (paged, "paged")):
        made.append(f'<line class="mark" x1="{x(change["day"])}" y1="{y(1)}" x2="{x(change["day"])}" y2="{y(0.7)}"/>')
        made.append(words(x(change["day"]) + 6, y(0.746), f"{what}: day {change['day']}", "red small bold"))
    made.append(words(x(told["day"]) + 8, y(max(first)) - 8, "what is normal", "soft small"))
    made.append(words(x(0) + 4, y(min(first)) + 16, percent(normal), "ink small bold"))
    made.append(words(x(180) + 4, y(end) + 4, percent(end), "ink small bold"))
    return made


def card(page: dict[str, Any]) -> list[str]:
    """Return the right half: the page, in the words it was sent with."""
    made = [f'<rect class="paper" x="{CARD}" y="24" width="308" height="288" rx="8"/>']
    made.append(f'<rect class="ink" x="{CARD + 16}" y="42" width="26" height="26" rx="5"/>')
    made.append(f'<path class="lozenge" d="M{CARD + 29} 47l5 8-5 8-5-8z"/>')
    made.append(
        words(CARD + 52, 60, "Bellbuoy", "ink bold") + words(CARD + 118, 60, "#agent-reliability", "soft small")
    )
    made.append(f'<circle class="red" cx="{CARD + 23}" cy="94" r="7"/>')
    made.append(words(CARD + 38, 100, page["headline"], "ink big"))
    below = 128
    for line in textwrap.wrap("".join(span["text"] for span in page["impact"]), 42)[:4]:
        made.append(words(CARD + 16, below, line))
        below += 19
    below += 8
    for fact in page["facts"]:
        if fact["label"] in {"Success", "Trials", "Evidence"}:
            made.append(words(CARD + 16, below, fact["label"], "ink small bold"))
            for line in textwrap.wrap("".join(span["text"] for span in fact["value"]), 38)[:2]:
                made.append(words(CARD + 76, below, line, "soft small"))
                below += 16
            below += 2
    return made


def main() -> None:
    """Read the demo's store and write the picture."""
    with Store.open(Path(sys.argv[1]), read_only=True) as store:
        days = ask(store, DAYS).rows.to_pylist()
        changes = ask(store, CHANGES).rows.to_pylist()
        told = changes[0]
        paged = next(change for change in changes if change["severity"] == "page")
        rows = store.rows("incidents/changes", incident=paged["incident"], after=0)
        page = json.loads(next(row["page"] for row in rows if row["severity"] == "page"))
    label = (
        f"Interactions that end well fall over six months; it is told on day {told['day']}, paged on day {paged['day']}"
    )
    font = "-apple-system, Segoe UI, Helvetica, Arial, sans-serif"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 330" role="img" font-family="{font}">'
    paper = '<rect class="paper" x="0.5" y="0.5" width="899" height="329" rx="10"/>'
    parts = [head, f"<title>{label}</title>", STYLE, paper, *fall(days, told, paged), *card(page), "</svg>"]
    OUT.write_text("\n".join(parts) + "\n", encoding="utf-8")
    print(f"{label}: {OUT}")


if __name__ == "__main__":
    main()
