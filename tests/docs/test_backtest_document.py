"""The alert tests of docs/backtest.md and of the configurations that are shipped are met, and the tables name every key."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import bellbuoy.config
from bellbuoy.config.alert_tests import AlertTest, Calm, Expected, Stream, Traffic
from bellbuoy.monitor.cli.backtest import command

pytestmark = pytest.mark.docs
DOCUMENT = (Path(__file__).parents[2] / "docs" / "backtest.md").read_text()
CONFIGS = Path(bellbuoy.config.__file__).parent
SHIPPED = sorted(CONFIGS.glob("**/*.tests.yaml"))


def run(config, tests):
    """Return how the tests of a configuration end, and what is told of them."""
    done = CliRunner().invoke(command, ["-c", str(config), "--expect", str(tests)], standalone_mode=False)
    return done.return_value, done.output


def block():
    (found,) = re.findall(r"^```yaml\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)
    return found


def test_the_example_is_met_and_fails_where_the_agent_does_not(tmp_path):
    file = tmp_path / "alerts.yaml"
    file.write_text(block())
    code, told = run(CONFIGS / "examples" / "lead-qualifier.yaml", file)
    assert code == 0, told
    assert told.endswith("1 test, all met\n")
    file.write_text(block().replace("then 15% until 31d, then 5%", "then 7%"))
    code, told = run(CONFIGS / "examples" / "lead-qualifier.yaml", file)
    assert code == 1, told
    assert "NOT MET  lead-qualifier/qualify opens" in told


def test_the_tables_name_every_key():
    tables = DOCUMENT.partition("### Alert tests")[2].partition("### How exact")[0]
    for model in (AlertTest, Expected, Calm, Traffic, Stream):
        for key in model.model_fields:
            assert f"`{key}`" in tables or f"{key}: " in tables, key


@pytest.mark.parametrize("tests", SHIPPED, ids=lambda path: path.name)
def test_what_is_shipped_tells_what_it_must(tests):
    code, told = run(tests.with_name(tests.name.replace(".tests", "")), tests)
    assert code == 0, told
