"""requirements.lock: satisfies pyproject.toml, is complete, and names no place to download from."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCKS = [ROOT / "requirements.lock", *sorted((ROOT / "tools/locks").glob("*.txt"))]


def entries(lock):
    """The requirements of a lock, each with its hashes, line continuations joined."""
    return [line for line in lock.read_text().replace("\\\n", " ").splitlines() if line.strip()]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_entry_is_one_version_with_hashes(lock):
    for entry in entries(lock):
        assert re.match(r"^[a-z0-9._-]+==\S+( ;[^\\]*)? .*--hash=sha256:[0-9a-f]{64}", entry), entry[:120]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_no_address_stands_in_a_lock(lock):
    text = lock.read_text()
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


def test_the_lock_satisfies_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [Requirement(text) for text in [*project["dependencies"], *project["optional-dependencies"]["test"]]]
    locked = {}
    for entry in entries(ROOT / "requirements.lock"):
        requirement = Requirement(entry.split("--hash")[0].strip())
        if requirement.marker is None or requirement.marker.evaluate():
            (exact,) = requirement.specifier
            locked[canonicalize_name(requirement.name)] = exact.version
    for requirement in asked:
        name = canonicalize_name(requirement.name)
        assert name in locked, f"{name} is not locked: run `make lock`"
        assert requirement.specifier.contains(locked[name], prereleases=True), f"{requirement}, locked {locked[name]}"
