"""`bellbuoy status`: how a person reads it, and what a program can rely on."""

import json

import pytest
from cli_process import bellbuoy, compare


def shape(value):
    """Return a value with its texts, numbers and truths replaced by the name of their kind; lists by their first."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


@pytest.mark.golden
def test_the_text_reads_as_a_person_has_read_it(told):
    done = bellbuoy("status", cwd=told)
    assert done.returncode == 0, done.stderr
    compare("status.txt", done.stdout)


@pytest.mark.golden
def test_the_shape_of_the_json_is_stable(told):
    done = bellbuoy("status", "--format", "json", cwd=told)
    assert done.returncode == 0, done.stderr
    compare("status.json", json.dumps(shape(json.loads(done.stdout)), indent=1) + "\n")


def test_the_json_is_the_same_twice(told):
    first, second = (bellbuoy("status", "--format", "json", cwd=told).stdout for _ in range(2))
    assert first == second


def test_an_open_page_fails_on_what_is_asked(told):
    severity = json.loads(bellbuoy("status", "--format", "json", cwd=told).stdout)["overview"]["incidents"][0][
        "severity"
    ]
    assert severity == "page"
    for least in ("watch", "ticket", "page"):
        assert bellbuoy("status", "--fail-on", least, cwd=told).returncode == 1
    assert bellbuoy("status", cwd=told).returncode == 0


def test_an_empty_store_has_a_status(tmp_path, own):
    config = json.loads((own / "bellbuoy.yaml").read_text())
    config["store"]["path"] = str(tmp_path / "empty.duckdb")
    (own / "empty.yaml").write_text(json.dumps(config))
    from bellbuoy.config.load import load
    from bellbuoy.monitor.store import Store

    loaded = load(own / "empty.yaml")
    Store.open(tmp_path / "empty.duckdb", loaded.store).close()
    done = bellbuoy("status", "--fail-on", "watch", "-c", own / "empty.yaml")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("no open incident\n")


@pytest.mark.golden
def test_what_is_seen_on_each_series_reads_as_a_person_has_read_it(told):
    done = bellbuoy("status", "--series", cwd=told)
    assert done.returncode == 0, done.stderr
    compare("status_series.txt", done.stdout[done.stdout.index("what it can see") :])
