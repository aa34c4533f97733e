"""What the document of the audit shows is what is printed."""

import re
from pathlib import Path

import pytest

from bellbuoy.config.instants import parse_last
from bellbuoy.config.load import load_text
from bellbuoy.monitor.auditing.auditing import audits
from bellbuoy.monitor.auditing.rules import RULES
from bellbuoy.monitor.auditing.telling import VERDICTS
from bellbuoy.monitor.auditing.text import text
from bellbuoy.monitor.backtest.filling import fill_events
from bellbuoy.monitor.demo import play
from bellbuoy.monitor.simulate import LEAD_QUALIFIER, Plan, parse_drifts
from bellbuoy.monitor.store import Store

pytestmark = pytest.mark.docs
ROOT = Path(__file__).parent.parent.parent
DOCUMENT = (ROOT / "docs/audit.md").read_text()
MAP = (ROOT / "docs/map.md").read_text()
LEAST = "version: 1\nsources: [{ http: {} }]\nsinks: { out: { console: {} } }\nroutes: [{ to: [out] }]\n"
DAY = 86_400


def blocks(language, document=DOCUMENT):
    return re.findall(rf"^```{language}\n(.*?)^```", document, re.DOTALL | re.MULTILINE)


def test_every_rule_and_every_verdict_is_explained():
    assert re.findall(r"^\| ([KH]\d+) ", DOCUMENT, re.MULTILINE) == [rule.code for rule in RULES]
    assert set(re.findall(r"^\| `(.*?)` \|", DOCUMENT, re.MULTILINE)) == set(VERDICTS.values())


def test_the_made_up_agent_is_judged_as_it_is_shown():
    """The agent of the document of the map, judged day by day."""
    (config,) = blocks("yaml", MAP)
    config = load_text(config)
    plan = Plan(days=28, per_day=300, noise=0.15, drifts=parse_drifts(["qualify:0.985->0.95@day0"], LEAD_QUALIFIER))
    with Store.open(None, config.store) as store:
        store.follow(config)
        play(plan, store, config)
        shown = blocks("text")[0]
        until = parse_last(re.search(r"28 d to (\S+ \S+) UTC", shown)[1].replace(" ", "T") + "Z")
        (found,) = audits(store, config, "lead-qualifier", until - 28 * DAY, until, 7 * DAY)
    assert text(found).splitlines() == shown.splitlines()


@pytest.mark.needs_data
@pytest.mark.parametrize(("name", "log"), [("tau2-airline", "tau2_gym"), ("star-assistant", "star_0512_0519")])
def test_the_real_logs_are_judged_as_they_are_shown(data_dir, name, log):
    (block,) = (one for one in blocks("text") if one.startswith(f"$ bellbuoy audit {name} "))
    command, _, shown = block.partition("\n")
    whole, until = "--all" in command, parse_last(command.rpartition(" ")[2])
    config = load_text(LEAST + blocks("yaml")[0])
    with Store.open(None, config.store) as store:
        store.follow(config)
        fill_events(store, [data_dir / f"{log}.jsonl.gz"], config)
        store.amend()
        (found,) = audits(store, config, name, until - 28 * DAY, until, 7 * DAY)
    assert text(found, whole=whole).splitlines() == shown.splitlines()
