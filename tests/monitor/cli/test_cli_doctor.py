"""`bellbuoy doctor` as a person runs it: what it prints, its exit codes, and that nothing is left behind."""

import json
import re
import socket

import pytest
from cli_process import bellbuoy, compare

CHANGING = [
    (r"Bellbuoy \S+, CPython \S+ on \S+", "Bellbuoy V, CPython V on PLATFORM"),
    (r"(all )\d+( are of a version that is taken: ).*", r"\1N\2…"),
    (
        r"the (?:machine|container) has \S+ GiB of memory and \S+ processors",
        "the machine has N GiB of memory and N processors",
    ),
    (r"from (?:the system|the package tzdata)", "from SOMEWHERE"),
    (r" \(\w+\) takes \S+ MiB a second", " (KIND) takes N MiB a second"),
    (r"\S+ [GT]iB free at", "N GiB free at"),
    (r"the store has \S+ MiB, and grows by about \S+ [KMGT]?i?B", "the store has N MiB, and grows by about N MiB"),
    (r"judged up to .* ago", "judged up to N d ago"),
    (r"sha256 \w{12}", "sha256 …"),
]
"""What differs from machine to machine, and from day to day."""


def told_of(text, folder):
    """Return what was printed, without what differs."""
    port = json.loads((folder / "bellbuoy.yaml").read_text())["server"]["listen"].partition(":")[2]
    text = text.replace(str(folder), "FOLDER").replace(f":{port}", ":PORT")
    for pattern, instead in CHANGING:
        text = re.sub(pattern, instead, text)
    return text


def changed(folder, **keys):
    config = json.loads((folder / "bellbuoy.yaml").read_text())
    (folder / "bellbuoy.yaml").write_text(json.dumps({**config, **keys}, indent=1))


@pytest.mark.golden
def test_a_healthy_configuration_reads_as_a_person_has_read_it(own):
    changed(own, sources=[{"files": {"path": str(own / "*.jsonl"), "follow": True}}])
    step = {"type": "step", "workflow": "lead-qualifier", "step": "greet", "outcome": "success"}
    events = ({**step, "interaction_id": f"i{at}", "ts": f"2026-06-01T00:00:{at:02d}Z"} for at in range(40))
    (own / "a.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    before = sorted(path.name for path in own.iterdir())
    done = bellbuoy("doctor", cwd=own)
    assert (done.returncode, done.stderr) == (0, "")
    compare("doctor.txt", told_of(done.stdout, own))
    assert sorted(path.name for path in own.iterdir()) == before


@pytest.mark.golden
def test_a_broken_one_reads_as_a_person_has_read_it(own):
    """The store is somebody else's file, another program has the address, and the source has no file."""
    (own / "bellbuoy.duckdb").write_bytes(b"SQLite format 3\0" + bytes(4096))
    for file in own.glob("*.wal"):
        file.unlink()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        changed(own, server={"listen": f"127.0.0.1:{port}"}, sources=[{"files": {"path": str(own / "*.jsonl")}}])
        done = bellbuoy("doctor", cwd=own)
    assert (done.returncode, done.stderr) == (1, "")
    compare("doctor_broken.txt", told_of(done.stdout, own))


def test_the_json_has_the_same_findings(own):
    read = json.loads(bellbuoy("doctor", "--format", "json", cwd=own).stdout)
    text = bellbuoy("doctor", cwd=own).stdout.splitlines()[:-1]
    assert set(read) == {"version", "at", "findings"}
    assert all(set(one) == {"level", "area", "name", "said", "remedy"} for one in read["findings"])
    heads = [f"{one['level']:<4}  {one['area']:<9}  {one['name']}: " for one in read["findings"]]
    assert len(heads) == len(text)
    assert all(line.startswith(head) for head, line in zip(heads, text, strict=True))


def test_a_refused_configuration_ends_with_78(own):
    changed(own, tick="7m")
    done = bellbuoy("doctor", cwd=own)
    assert (done.returncode, done.stdout) == (78, "")
    assert "error: " in done.stderr
    assert bellbuoy("doctor", "-c", "none.yaml", cwd=own).returncode == 78


def test_it_works_where_nothing_was_started_yet(own):
    (own / "bellbuoy.duckdb").unlink()
    done = bellbuoy("doctor", cwd=own)
    assert (done.returncode, done.stderr) == (0, "")
    assert "is not there yet" in done.stdout
    assert not (own / "bellbuoy.duckdb").exists()
