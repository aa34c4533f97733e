"""From real logs to configurations that the other commands take as they are."""

import pytest
from cli_process import bellbuoy, taken

from bellbuoy.config.load import load


@pytest.mark.needs_data
@pytest.mark.parametrize(
    ("name", "workflows", "judged"),
    [
        ("tau_airline", {"tau-airline": 15}, []),
        ("tau2_gym", {"tau2-airline": 15, "tau2-retail": 16, "tau2-telecom": 10, "tau2-telecom-solo": 0}, []),
        ("star_0512_0519", {"star-assistant": 0}, ["--to", "2020-05-14"]),
        ("letsgo_2006_2009", {"letsgo-bus-information": 0}, ["--to", "2006-07-01"]),
    ],
)
def test_a_real_log_gives_a_configuration_that_is_taken_as_it_is(data_dir, tmp_path, name, workflows, judged):
    """Names of steps are listed where they look like a workflow: not 189 of them, nor 36. The long ones are judged in part."""
    log = data_dir / f"{name}.jsonl.gz"
    done = bellbuoy("init", log, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {one.name: len(one.steps) for one in load(tmp_path / "bellbuoy.yaml").workflows} == workflows
    taken(tmp_path, log, *judged)
