"""`bellbuoy` as a process, and what it prints held against files that a person has read."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

PROGRAM = [sys.executable, str(Path(__file__).with_name("bellbuoy_program.py"))]
GOLDEN = Path(__file__).parents[2] / "golden" / "cli"
PLAIN = {
    **{key: value for key, value in os.environ.items() if not key.startswith("BELLBUOY_")},
    "COLUMNS": "80",
    "NO_COLOR": "1",
    "TERM": "dumb",
}


def bellbuoy(*arguments, timeout=180, environment=None, text=True, **options):
    """Run a command to its end; its output as text unless told otherwise."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        capture_output=True,
        timeout=timeout,
        check=False,
        env={**PLAIN, **(environment or {})},
        encoding="utf-8" if text else None,
        **({"stdin": subprocess.DEVNULL} if "input" not in options else {}),
        **options,
    )


@contextmanager
def daemon(folder, *arguments):
    """Run a daemon in a folder: from the line of its log that says that it has started, to an end without a fault."""
    process = subprocess.Popen(
        [*PROGRAM, *(arguments or ["run"])],
        cwd=folder,
        env=PLAIN,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield next(line for line in process.stderr if "started" in line)
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=120)
        assert process.returncode == 0, rest
    finally:
        process.kill()
        process.communicate()


def taken(folder, log, *more, timeout=180):
    """Return what `backtest` says with the configuration that `init` has written there, once `check` has taken it."""
    checked = bellbuoy("check", cwd=folder)
    assert checked.returncode == 0, checked.stderr
    assert "0 errors, 1 warning" in checked.stderr, "nobody knows where a heartbeat could go to"
    assert "without effect" not in checked.stdout
    judged = bellbuoy("backtest", "--events", log, *more, cwd=folder, timeout=timeout)
    assert judged.returncode == 0, judged.stderr
    assert "not read" not in judged.stderr
    return judged.stdout


def compare(name, made):
    """Hold a text against `tests/golden/cli/NAME`; `BELLBUOY_GOLDEN=write` writes it anew."""
    file = GOLDEN / name
    if os.environ.get("BELLBUOY_GOLDEN") == "write":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(made, encoding="utf-8")
    assert made == file.read_text(encoding="utf-8"), f"{name} is not what it was; read the difference before writing it"
