"""The first steps are gone here: from no log at all to the page about the step that went bad."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.docs
TEXT = (Path(__file__).parents[2] / "docs" / "first-steps.md").read_text()


@pytest.mark.skipif(
    not (Path(sys.executable).parent / "bellbuoy").exists(), reason="bellbuoy is not beside this Python"
)
def test_the_commands_of_the_page_lead_to_a_page(tmp_path):
    (simulate,) = re.findall(r"^No log yet\? `(.*?)`", TEXT, re.MULTILINE)
    (block,) = re.findall(r"^```sh\n(bellbuoy init logs/\*\.jsonl .*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    commands = block.replace("bellbuoy run ", "true ")
    (tmp_path / "logs").mkdir()
    done = subprocess.run(
        ["sh", "-ec", f"{simulate}\n{commands}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
    )
    assert done.returncode == 0, done.stderr
    (told,) = re.findall(r"^bt-\d+ .*", done.stdout, re.MULTILINE)
    assert "page    lead-qualifier: qualify fell from" in told
