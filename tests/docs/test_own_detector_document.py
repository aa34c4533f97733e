"""The document about a detector of one's own: what it shows is built, checked, run to an incident, and complete."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import get_type_hints

import pytest

from bellbuoy.config.errors import ConfigError
from bellbuoy.config.load import load_text
from bellbuoy.detectors.base import Detector
from bellbuoy.monitor.demo import STREAM
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.simulate import LEAD_QUALIFIER, Plan, days, parse_drifts
from bellbuoy.monitor.sources.base import Chunk
from bellbuoy.monitor.store import Store

DOCUMENT = Path(__file__).parents[2] / "docs" / "your-own-detector.md"
DAY = 86_400

pytestmark = pytest.mark.docs


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The package of the document, where Python finds it."""
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "__init__.py").touch()
    (tmp_path / "acme" / "drift.py").write_text(blocks("python")[0], encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "acme"]:
        del sys.modules[name]


def test_it_opens_an_incident_from_the_configuration_of_the_document(package):
    config = load_text(blocks("yaml")[0])
    drifts = parse_drifts(["qualify:0.985->0.6@day32"], LEAD_QUALIFIER)
    plan = replace(Plan(), days=35, per_day=150, seed=5, drifts=drifts)
    with Store.open(None, config.store) as store:
        store.follow(config)
        evaluation, told, offset = Evaluation(store, config), [], 0
        for begins, lines in days(plan):
            chunk = Chunk(STREAM, range(offset, offset + len(lines)), lines, offset + len(lines))
            offset += len(lines)
            received = (begins + DAY) * 1_000_000
            store.append(decode(chunk, stream_id=store.stream_id(STREAM), received_at_us=received, limits=Limits()))
            told += [change for change, _ in evaluation.advance(begins + DAY)]
    first = told[0]
    assert first.kind == "opened"
    assert (first.incident.lead.watched.detector, first.incident.lead.watched.series.step) == ("mine", "qualify")
    assert 32 < (first.at - plan.start_epoch) / DAY < 33.5


def test_it_passes_the_battery_as_the_document_runs_it(package):
    space = {}
    exec(compile(blocks("python")[1], "document", "exec"), space)
    (mark,) = space["test_mine"].pytestmark
    for parameter in mark.args[1]:
        space["test_mine"](*parameter.values)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("acme.drift:Mine", "acme.drft:Mine", "No module named 'acme.drft'; install it or correct the path"),
        ("acme.drift:Mine", "acme.drift:Yours", "has no attribute 'Yours'"),
        (
            "acme.drift:Mine",
            "acme.drift:np",
            "is no detector: a detector is a frozen dataclass with begin, prepare, step",
        ),
        ("alpha: 0.01", "alhpa: 0.02", "unknown key 'alhpa'.*did you mean 'alpha'"),
        ("alpha: 0.01", "alpha: 2", "alpha is 2.*; give a number between 0 and 1"),
        ("alpha: 0.01", "alpha: much", "'alpha' wants a number"),
    ],
)
def test_mistakes_are_told_with_their_place(package, before, after, message):
    with pytest.raises(ConfigError, match=f"(?s):6:[0-9]+: error: .*{message}"):
        load_text(blocks("yaml")[0].replace(before, after))


def test_a_class_that_may_change_is_refused(package):
    path = package / "acme" / "drift.py"
    path.write_text(path.read_text().replace("@dataclass(frozen=True)", "@dataclass"))
    with pytest.raises(ConfigError, match="may change while it judges: write @dataclass"):
        load_text(blocks("yaml")[0])


def test_every_word_that_a_class_may_say_is_one_of_the_house():
    said = set(re.findall(r"^\| `(\w+)", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)) - {
        "begin",
        "prepare",
        "step",
    }
    told = set(re.findall(r"- `(\w+)", Detector.__doc__))
    assert said <= told
    assert told - said == {"folds_as", "forbids", "policy"}, "they are for the built-in ones"
    assert get_type_hints(Detector.step)
