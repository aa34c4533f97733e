"""Makes the checkout's virtual environment `.venv`: the locked packages, the project itself and the links for type checkers.

`make demo` and `make test` run it first. What is done already is not done again: stamps inside the environment say what
it was made from. It needs only the standard library, and is written so that an old Python can still read it and tell in
one sentence what is wrong.
"""

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Callable  # noqa: UP035 - an old Python reads this file too

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
FOLDERS = ("bench", "client", "config", "detectors", "monitor", "sinks")
OLDEST = (3, 11)


def say(sentence: str) -> None:
    """Tell the person who waits; standard output stays free for what comes after."""
    print(sentence, file=sys.stderr, flush=True)


def digest(name: str) -> str:
    """Return a mark of a file of the checkout, of where the checkout stands and of the Python in use."""
    head = f"{ROOT}\0{sys.version}\0".encode()
    return hashlib.sha256(head + (ROOT / name).read_bytes()).hexdigest()


def once(stamp: str, mark: str, act: Callable[[], None]) -> None:
    """Call `act` unless the stamp file says that it was done for the same `mark`."""
    path = VENV / stamp
    if path.exists() and path.read_text() == mark:
        return
    act()
    path.write_text(mark)


def pip(*arguments: str) -> None:
    """Run the environment's own pip; what it prints goes to standard error."""
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *arguments]
    subprocess.run(command, check=True, cwd=ROOT, stdout=sys.stderr)


def fits() -> bool:
    """Say whether `.venv` is there and is of this very Python version."""
    if not PYTHON.exists():
        return False
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    answer = subprocess.run([str(PYTHON), "-c", question], check=False, stdout=subprocess.PIPE)
    return answer.stdout.decode().strip() == "{}.{}".format(*sys.version_info[:2])


def environment() -> None:
    """Make the virtual environment afresh."""
    if importlib.util.find_spec("ensurepip") is None:  # Debian ships it apart
        sys.exit("This Python has no venv module: install it (Debian: apt install python3-venv) and run make again.")
    say("Making .venv with Python {}.{} ...".format(*sys.version_info[:2]))
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)


def packages() -> None:
    """Install exactly what requirements.lock names, each file held against its hash."""
    say("Installing the locked packages (about 700 MB on disk, once) ...")
    pip("--require-hashes", "-r", "requirements.lock")


def project() -> None:
    """Install the project itself, editable."""
    pip("--no-deps", "--no-build-isolation", "-e", ".")


def links() -> None:
    """Show type checkers the folders as the package `bellbuoy`."""
    room = ROOT / ".types" / "bellbuoy"
    room.mkdir(parents=True, exist_ok=True)
    for folder in FOLDERS:
        link = room / folder
        if not link.is_symlink():
            link.symlink_to(Path("..", "..", folder))


def main() -> None:
    """Bring `.venv` and `.types` up to date."""
    if sys.version_info < OLDEST:
        here = "{}.{}".format(*sys.version_info[:2])
        sys.exit(
            f"Bellbuoy needs Python 3.11 or newer and this is {here}: name one, as in `make demo PYTHON=python3.12`."
        )
    try:
        if not fits():
            environment()
        once("packages.stamp", digest("requirements.lock"), packages)
        once("project.stamp", digest("pyproject.toml"), project)
    except subprocess.CalledProcessError as error:
        command = " ".join(error.cmd[:5])
        sys.exit(f"The set-up stopped: `{command} ...` ended with {error.returncode}; its own words stand above.")
    links()


if __name__ == "__main__":
    main()
