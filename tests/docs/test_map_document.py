"""What the document of the map shows is what is printed."""

import re
from pathlib import Path

import pytest

from bellbuoy.config.instants import parse_last
from bellbuoy.config.load import load_text
from bellbuoy.monitor.backtest.filling import fill_events
from bellbuoy.monitor.demo import play
from bellbuoy.monitor.mapping.mapping import maps
from bellbuoy.monitor.mapping.mermaid import mermaid
from bellbuoy.monitor.mapping.svg import svg
from bellbuoy.monitor.mapping.text import text
from bellbuoy.monitor.simulate import LEAD_QUALIFIER, Plan, parse_drifts
from bellbuoy.monitor.store import Store

pytestmark = pytest.mark.docs
ROOT = Path(__file__).parent.parent.parent
DOCUMENT = (ROOT / "docs/map.md").read_text()
LEAST = "version: 1\nsources: [{ http: {} }]\nsinks: { out: { console: {} } }\nroutes: [{ to: [out] }]\n"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)


def test_every_column_is_explained():
    explained = set(re.findall(r"^\| `(.*?)` \|", DOCUMENT, re.MULTILINE))
    table = (ROOT / "monitor/mapping/table.py").read_text()
    heads = set(re.findall(r'_Column\(\s*"([^"]+)"', table)) | set(
        re.findall(r'^\s+\("([a-z -]+)", ', table, re.MULTILINE)
    )
    assert heads - {"#", "step"} == explained


def test_the_made_up_agent_is_drawn_as_it_is_shown():
    """Judged day by day: what scatters more than chance explains has wider intervals."""
    config = load_text(blocks("yaml")[0])
    plan = Plan(days=28, per_day=300, noise=0.15, drifts=parse_drifts(["qualify:0.985->0.95@day0"], LEAD_QUALIFIER))
    with Store.open(None, config.store) as store:
        store.follow(config)
        play(plan, store, config)
        shown = blocks("text")[0]
        until = parse_last(re.search(r"28 d to (\S+ \S+) UTC", shown)[1].replace(" ", "T") + "Z")
        (found,) = maps(store, config, "lead-qualifier", until - 28 * 86_400, until)
    assert text(found).splitlines() == shown.splitlines()
    assert mermaid(found) == blocks("mermaid")[0]
    assert svg(found) == (ROOT / "docs/map.svg").read_text()


@pytest.mark.needs_data
@pytest.mark.parametrize(("name", "log"), [("tau2-airline", "tau2_gym"), ("star-assistant", "star_0512_0519")])
def test_the_real_logs_are_drawn_as_they_are_shown(data_dir, name, log):
    (block,) = (one for one in blocks("text") if one.startswith(f"$ bellbuoy map {name} "))
    command, _, shown = block.partition("\n")
    until = parse_last(command.rpartition(" ")[2])
    config = load_text(LEAST)
    with Store.open(None, config.store) as store:
        store.follow(config)
        fill_events(store, [data_dir / f"{log}.jsonl.gz"], config)
        store.amend()
        (found,) = maps(store, config, name, until - 28 * 86_400, until)
    assert text(found).splitlines() == shown.splitlines()
