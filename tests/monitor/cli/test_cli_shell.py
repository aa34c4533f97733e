"""The shell of `bellbuoy query`: on a real pseudo terminal, and as a text that a person has read."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

import pyarrow as pa
import pytest
from cli_process import PLAIN, PROGRAM, compare

from bellbuoy.client import Result
from bellbuoy.monitor.cli.asking import Desk
from bellbuoy.monitor.cli.failures import NOT_NOW, Failure
from bellbuoy.monitor.cli.shell.prompt import finished, kept
from bellbuoy.monitor.cli.shell.session import Session
from bellbuoy.monitor.cli.shell.words import known

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")


class Typist:
    """Hands on a keyboard before a terminal of 100 columns."""

    def __init__(self, cwd, state):
        self.inner, outer = pty.openpty()
        fcntl.ioctl(outer, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        environment = {key: value for key, value in PLAIN.items() if key != "COLUMNS"}
        environment |= {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "XDG_STATE_HOME": str(state)}
        self.process = subprocess.Popen(
            [*PROGRAM, "query"], cwd=cwd, stdin=outer, stdout=outer, stderr=outer, env=environment,
            preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)),  # noqa: PLW1509 - no thread runs here
        )  # fmt: skip
        os.close(outer)
        self.told = ""
        self.read = 0

    def sees(self, pattern, seconds=30):
        """Wait until what has come since the last time holds the pattern, and return what came up to its end."""
        deadline = time.monotonic() + seconds
        while True:
            found = re.compile(pattern, re.MULTILINE).search(self.told, self.read)
            if found:
                text, self.read = self.told[self.read : found.end()], found.end()
                return text
            assert time.monotonic() < deadline, f"no {pattern!r} in {self.told[self.read :]!r}"
            if select.select([self.inner], [], [], 0.2)[0]:
                try:
                    part = os.read(self.inner, 1 << 16)
                except OSError:
                    part = b""
                assert part, f"the shell has ended: {self.told!r}"
                self.told += ESCAPES.sub("", part.decode(errors="replace"))

    def types(self, keys):
        os.write(self.inner, keys.encode())

    def presses(self, key, until):
        """Press a key until it has been heard: the terminal is still the shell's own for a moment."""
        for _ in range(40):
            self.types(key)
            try:
                return self.sees(until, seconds=0.2)
            except AssertionError:
                continue
        raise AssertionError(f"nothing came of it: {self.told!r}")

    def leaves(self):
        code = self.process.wait(30)
        os.close(self.inner)
        return code


def test_a_sitting_on_a_terminal(told, tmp_path):
    hands = Typist(told, tmp_path)
    try:
        greeted = hands.sees(r"bellbuoy>")
        assert "read from the file" in greeted
        assert r"\d lists the tables, \h helps, Ctrl-D ends" in greeted
        hands.types("select 40 + 2\r")
        hands.sees(r"…>")
        hands.types("as answer;\r")
        hands.sees(r"^answer\n------\n +42\n\(1 row\)\n")
        hands.sees(r"bellbuoy>")
        hands.types("select count(*) > 0 as seen from incid\t")
        hands.sees(r"ents\b")  # incidents, completed
        hands.types(" where acknow")
        hands.types("\x03")  # the line is dropped
        hands.sees(r"bellbuoy>")
        hands.types("\\d notes\r")
        hands.sees(r"^notes: .*\n  id +VARCHAR ")
        hands.sees(r"bellbuoy>")
        hands.types("selct 1;\r")
        assert "Traceback" not in hands.sees(r"^error: .*selct.*\n")
        hands.sees(r"bellbuoy>")
        hands.types("select 'a' as x \\watch 0.1\r")
        hands.sees(r"every 0\.1 s; Ctrl-C ends --\nx\n-\na\n")
        hands.types("\x03")
        hands.sees(r"stopped\n")
        hands.sees(r"bellbuoy>")
        hands.types("\x10")  # up: the newest line
        hands.sees(r"watch 0\.1")
        hands.types("\x03")
        hands.sees(r"bellbuoy>")
        hands.types("\x04")
        assert hands.leaves() == 0
    finally:
        hands.process.kill()
        hands.process.wait()
    kept_lines = (tmp_path / "bellbuoy" / "history").read_text()
    assert "+select 40 + 2\n+as answer;\n" in kept_lines
    assert (tmp_path / "bellbuoy" / "history").stat().st_mode & 0o077 == 0


def test_ctrl_c_stops_an_answer(told, tmp_path):
    hands = Typist(told, tmp_path)
    try:
        hands.sees(r"bellbuoy>")
        hands.types(
            "select count(*) from events a, events b, events c\rwhere a.latency_ms + b.latency_ms < c.latency_ms;\r"
        )
        hands.sees(r"c\.latency_ms;")
        hands.presses("\x03", until=r"stopped\n")
        hands.types("select 'still' as here;\r")
        hands.sees(r"^still\n")
        hands.types("exit\r")
        assert hands.leaves() == 0
    finally:
        hands.process.kill()
        hands.process.wait()


class Paper:
    """A screen that is a text."""

    def __init__(self, columns=80, lines=24):
        self.text = ""
        self.shape = columns, lines
        self.waited = []

    def size(self):
        return self.shape

    def write(self, text):
        self.text += text

    complain = None

    def wait(self, seconds):
        self.waited.append(seconds)
        if len(self.waited) > 2:
            raise KeyboardInterrupt

    def now(self):
        return "12:00:00 UTC"


@pytest.fixture
def session(told):
    paper = Paper()
    paper.complain = lambda text: paper.write(f"! {text}\n")
    desk = Desk(told / "bellbuoy.yaml", None, None)

    def ask(sql, explain):
        with desk.visit() as asked:
            return asked.query(sql)

    return Session(ask, paper)


LINES = [
    r"\h",
    r"\d streams",
    "describe incident",
    "select step, sum(n) as runs\n  from minutes where signal = 'reask' group by 1 order by 1;",
    "select 1 as a; select 'x' as b;",
    "select nosuch from incidents; select 2;",
    r"\rows 3",
    "select event_id, step from events order by ts, event_id;",
    r"\rows",
    "select workflow, step, signal, detector, direction, state from verdicts order by judged_at, detector limit 1;",
    r"\format csv",
    "select 0.1::double + 0.2::double as f;",
    r"\format parquet",
    r"\format xml",
    r"\format table",
    r"\watch often",
    "select 7 as n \\watch 5",
    r"\wathc",
    r"\timing maybe",
]


@pytest.mark.golden
def test_a_sitting_reads_as_a_person_has_read_it(session):
    paper = session.screen
    for line in LINES:
        paper.write("bellbuoy> " + line.replace("\n", "\n       …> ") + "\n")
        session.take(line)
    compare("shell.txt", paper.text)
    assert paper.waited == [5.0, 5.0, 5.0]
    session.take("quit;")
    assert session.ended


def test_timing_tells_milliseconds_and_a_limit_its_way_out(session):
    session.take(r"\timing")
    session.take("select event_id from events;")
    assert re.search(
        r"\n\(1,000 rows, the first 1\d shown: \\rows 1000 shows more\)\n! cut at .*\ntime: [\d.,]+ ms\n",
        session.screen.text,
    )


def test_a_daemon_that_is_away_does_not_end_the_watch():
    paper = Paper()
    paper.complain = lambda text: paper.write(f"! {text}\n")
    answers = iter([Failure("away", NOT_NOW), Result(pa.table({"a": [1]}))])

    def ask(sql, explain):
        told = next(answers)
        if isinstance(told, Failure):
            raise told
        return told

    session = Session(ask, paper, newest="select 1 as a")
    session.take(r"\watch 1")
    assert "! away\n" in paper.text
    assert "a\n-\n1\n(1 row)\n" in paper.text
    assert paper.text.endswith("! stopped\n")


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ("", True), (" \n", True), ("\\d", True), ("exit", True), ("quit;", True), ("select 1", False), ("select 1;", True),
        ("select ';", False), ("select 1; select 2", False), ("select 1 -- ;", False), ("select 1 \\watch 2", True),
        ("show tables", True), ("describe events;", True),
    ],
)  # fmt: skip
def test_enter_does_what_is_whole_and_else_begins_a_line(text, does):
    assert finished(text) is does


@pytest.mark.parametrize(
    ("before", "after", "first"),
    [
        ("select * from inc", "", ["incidents"]),
        ("select * from events e join ser", "", ["series"]),
        ("select i.sev", " from incidents i", ["severity"]),
        ("select incidents.sev", "", ["severity"]),
        ("select sever", " from incidents", ["severity"]),
        ("select quantile_c", "", ["quantile_cont"]),
        ("sel", "", ["select"]),
        ("", "", ["select"]),
        ("select nosuch.x", "", []),
    ],
)
def test_what_is_completed(before, after, first):
    assert known().complete(before, before + after)[: len(first) or None] == first


def test_a_history_that_cannot_be_kept_is_forgotten(tmp_path):
    (tmp_path / "file").write_text("")
    kept(tmp_path / "file" / "below" / "history").append_string("select 1")
    long = tmp_path / "history"
    long.write_text("".join(f"\n# 2026-01-01\n+select {number}\n" for number in range(50_000)))
    history = kept(long)
    assert long.stat().st_size <= 1 << 19
    assert next(iter(history.load_history_strings())) == "select 49999"
