"""docs/pages.md: pages as they come out of the whole way, and pictures of these and no others."""

import hashlib
import json
import os
import re
from functools import cache
from pathlib import Path

import pytest
from situations import SITUATIONS, happens, well

from bellbuoy.sinks.chart import svg
from bellbuoy.sinks.lint import lint, markup
from bellbuoy.sinks.render import message, reply

pytestmark = [pytest.mark.docs, pytest.mark.golden, pytest.mark.long]
ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "pages"
STORM = ROOT / "tests" / "golden" / "slack" / "storm.json"
MENTION = "<!subteam^S012ABC>"


@pytest.fixture(scope="session")
def before(tmp_path_factory):
    """The store of the month in which all is well, by world, each made once."""
    return cache(lambda world: well(world, tmp_path_factory.mktemp("well") / "b.duckdb"))


@pytest.mark.parametrize("name", SITUATIONS)
def test_page_of_a_situation(name, before, tmp_path):
    situation = SITUATIONS[name]
    page, news = happens(situation, before(situation.world), tmp_path / "b.duckdb")
    called = page.opened_at if page.severity == "page" else None
    said = message(page, image="F0" if page.chart else None, called_at=called, pressable=True)
    assert lint(said["blocks"]) == []
    made = {"message": said}
    if news:
        made["reply"] = reply(page, news, MENTION)
        assert markup(made["reply"]["text"], MENTION) == []
    compare(f"{name}.json", json.dumps(made, ensure_ascii=False, indent=1) + "\n")
    if page.chart:
        compare(f"{name}.svg", svg(page.chart, "light"))


def compare(name, made):
    file = GOLDEN / name
    if os.environ.get("BELLBUOY_GOLDEN") == "write":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(made, encoding="utf-8")
    assert made == file.read_text(encoding="utf-8"), (
        f"{name} is not what it was; read the difference, then `make pictures`"
    )


def test_every_picture_is_of_the_page_as_it_is_now():
    drawn = json.loads((ROOT / "docs" / "pages" / "drawn.json").read_text())
    files = {name: GOLDEN / f"{name}.json" for name in SITUATIONS} | {"storm": STORM}
    assert drawn == {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items()}, (
        "`make pictures`"
    )
    shown = re.findall(r"!\[[^\]]+\]\(pages/([a-z-]+)\.png\)", (ROOT / "docs" / "pages.md").read_text())
    assert sorted(shown) == sorted(files)
    assert all((ROOT / "docs" / "pages" / f"{name}.png").exists() for name in files)
