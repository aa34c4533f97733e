"""`bellbuoy backtest`: what people read, what programs read, and what is refused."""

import json
import signal
import subprocess

import pytest
from cli_process import PLAIN, PROGRAM, bellbuoy, compare, daemon

pytestmark = pytest.mark.long

COUNTS = "minute,workflow,step,n,bad\n"


@pytest.fixture(scope="session")
def from_the_store(told):
    """The answer over a store that no daemon holds."""
    return bellbuoy("backtest", "--budget", "8", "--min-change", "10%", cwd=told, timeout=300)


@pytest.mark.golden
def test_the_text_reads_as_a_person_has_read_it(from_the_store):
    assert from_the_store.returncode == 0, from_the_store.stderr
    assert "no daemon holds" in from_the_store.stderr
    compare("backtest.txt", from_the_store.stdout)


def test_the_page_of_an_incident_is_drawn(told):
    done = bellbuoy("backtest", "--pages", "--from", "2026-06-12", cwd=told)
    assert done.returncode == 0, done.stderr
    assert "▌ 🔴 qualify fell from" in done.stdout
    assert "nothing would have been told" not in done.stdout.lower()


def test_the_store_is_left_as_it_was(told, from_the_store):
    assert from_the_store.returncode == 0
    before = (told / "bellbuoy.duckdb").read_bytes()
    done = bellbuoy("backtest", "--format", "jsonl", "--out", told / "lines.jsonl", cwd=told)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert (told / "bellbuoy.duckdb").read_bytes() == before
    lines = [json.loads(line) for line in (told / "lines.jsonl").read_text().splitlines()]
    assert (lines[0]["change"], lines[0]["step"]) == ("opened", "qualify")


@pytest.mark.parametrize(
    ("arguments", "told_of"),
    [
        (["--counts", "counts.csv"], "counts.csv, row 1: 4 bad of 3 trials cannot be"),
        (["--counts", "counts.csv", "--events", "counts.csv"], "files are --events FILE... or --counts FILE..."),
        (["counts.csv"], "files are --events FILE... or --counts FILE..."),
        (["--from", "yesterday"], "--from 'yesterday' is no time; write 2026-10-04"),
        (["--budget", "-1"], "--budget '-1' is no number of false pages"),
        (["--min-change", "much"], "--min-change 'much' is no share such as 2%"),
        (["--budget", "1", "--format", "jsonl"], "--format jsonl tells of one run"),
        (["--from", "2030-01-01"], "there is nothing to judge between --from and --to"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(own, arguments, told_of):
    (own / "counts.csv").write_text(COUNTS + "2026-06-01T00:00:00,flow,a,3,4\n")
    done = bellbuoy("backtest", *arguments, cwd=own)
    assert done.returncode == 2
    assert told_of in done.stderr
    assert "Traceback" not in done.stderr


def test_several_files_of_events_are_read(own):
    made = bellbuoy("simulate", "--days", 3, "--per-day", 20, "--out", "all.jsonl", cwd=own)
    assert made.returncode == 0, made.stderr
    lines = (own / "all.jsonl").read_text().splitlines(keepends=True)
    (own / "first.jsonl").write_text("".join(lines[::2]))
    (own / "rest.jsonl").write_text("".join(lines[1::2]) + "no event\n")
    done = bellbuoy("backtest", "--events", "first.jsonl", "rest.jsonl", cwd=own)
    assert done.returncode == 0, done.stderr
    assert f"{len(lines):,} events read" in done.stderr
    assert "not read: rest.jsonl: " in done.stderr
    assert "Nothing would have been told." in done.stdout


def test_the_first_interrupt_prints_what_is_done(told):
    process = subprocess.Popen(
        [*PROGRAM, "backtest", "--budget", "1", "--budget", "3"],
        cwd=told,
        env=PLAIN,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert "no daemon holds" in process.stderr.readline(), "it reads the store now, and judges next"
        process.send_signal(signal.SIGINT)
        out, rest = process.communicate(timeout=100)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130, rest
    assert "stopping at the end of this day; Ctrl-C again stops at once" in rest
    assert "stopped: what stands here is of the part that was judged" in rest
    assert "days, 2026-06-01 to " in out


def test_a_daemon_that_holds_the_store_is_asked_for_its_counts(own):
    with daemon(own):
        done = bellbuoy("backtest", "--format", "jsonl", "--from", "2026-06-10", cwd=own, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "the daemon holds the store: judged are the counts that it gives, without slices" in done.stderr
    first = json.loads(done.stdout.splitlines()[0])
    assert (first["change"], first["step"], first["at"][:10]) == ("opened", "qualify", "2026-06-13")
