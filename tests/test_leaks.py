"""No committed file names a package registry's host or a path of the machine it was written on."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Written in parts, so that this file is clean itself.
HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted"),
        ("registry", "npmjs"),
        ("deb", "debian", "org"),
        ("repo1", "maven", "org"),
        ("repo", "maven", "apache"),
        ("proxy", "golang", "org"),
        ("crates", "io"),
    )
]
PATHS = [r"/ho" + r"me/[a-z]+/", r"/Us" + r"ers/[a-z]+/", "/ro" + "ot/", r"/wo" + r"rk/[a-z]+/"]
FORBIDDEN = re.compile("|".join([re.escape(host) for host in HOSTS] + [rf"(?<![\w.~}}]){path}" for path in PATHS]))


def committed():
    done = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("this is no git checkout, so there is nothing committed to read")
    return [ROOT / name for name in done.stdout.split("\0") if name]


def test_no_committed_file_gives_a_place_away():
    told = []
    for path in committed():
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # a picture, or a file that somebody is moving
        told += [f"{path.relative_to(ROOT)}: {match.group()}" for match in FORBIDDEN.finditer(text)]
    assert not told, "\n".join(told[:20])


@pytest.mark.parametrize("text", [HOSTS[0] + "/simple", "see /ho" + "me/me/x", "'/ro" + "ot/x'"])
def test_a_planted_leak_is_found(text):
    assert FORBIDDEN.search(text)
