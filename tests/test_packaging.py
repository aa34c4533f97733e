"""The built packages: what is in them, and that a fresh environment can use them."""

import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from bellbuoy.monitor.version import VERSION

ROOT = Path(__file__).parent.parent
ROOMS = ("bench", "client", "config", "detectors", "monitor", "sinks")
SHIPPED = {".py", ".sql", ".yaml", ".json", ".html", ".css", ".js", ".svg", ".txt", ".typed", ".jinja"}
BUILD = "import sys, setuptools.build_meta as b; print(getattr(b, sys.argv[1])(sys.argv[2]))"


def build(what, tree, into):
    command = [sys.executable, "-W", "error", "-c", BUILD, what, str(into)]
    done = subprocess.run(command, cwd=tree, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return into / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of what packages are built from, so that the checkout stays clean."""
    copy = tmp_path_factory.mktemp("tree")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (copy / name).write_bytes((ROOT / name).read_bytes())
    for path in shipped():
        target = copy / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / path).read_bytes())
    return copy


@pytest.fixture(scope="module")
def wheel(tree, tmp_path_factory):
    return build("build_wheel", tree, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tree, tmp_path_factory):
    return build("build_sdist", tree, tmp_path_factory.mktemp("sdist"))


def shipped():
    """The files of the four folders that a wheel must hold."""
    found = [path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*") if path.suffix in SHIPPED]
    return [path for path in found if "__pycache__" not in path.parts]


def inside(wheel):
    return set(zipfile.ZipFile(wheel).namelist())


def test_every_folder_with_code_is_a_listed_package():
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    there = {f"bellbuoy.{'.'.join(path.parent.parts)}" for path in shipped() if path.suffix == ".py"}
    assert there == listed, "tool.setuptools.packages in pyproject.toml lists every folder with Python files"


def test_the_wheel_holds_every_file_and_one_name(wheel):
    names = inside(wheel)
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"bellbuoy"}
    missing = {f"bellbuoy/{path.as_posix()}" for path in shipped()} - names
    assert not missing, f"not in the wheel, see tool.setuptools.package-data: {sorted(missing)}"
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_sdist_builds_the_same_wheel(sdist, wheel, tmp_path):
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    again = build("build_wheel", unpacked, beside(tmp_path))
    assert inside(again) == inside(wheel)


def beside(path):
    room = path.with_name(f"{path.name}-again")
    room.mkdir()
    return room


def test_a_fresh_environment_runs_the_wheel(wheel, tmp_path):
    """The wheel alone, beside the packages that are installed here; the checkout is not on the path."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    python = venv / "bin/python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, "install", "-q"]
    subprocess.run([*pip, "--no-deps", "--no-index", wheel], check=True, capture_output=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(venv), "platbase": str(venv)}))
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")

    told = subprocess.run(
        [venv / "bin/bellbuoy", "--version"], check=False, capture_output=True, text=True, cwd=tmp_path
    )
    assert told.returncode == 0, told.stderr
    assert VERSION in told.stdout

    code = (
        "import importlib.resources as r, bellbuoy.monitor.store, bellbuoy.config, bellbuoy.sinks.base, bellbuoy.detectors.base as d;"
        "print(d.__file__); print(len(list((r.files('bellbuoy.monitor') / 'store/migrations').iterdir())))"
    )
    told = subprocess.run([python, "-c", code], check=False, capture_output=True, text=True, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    where, migrations = told.stdout.split()
    assert where.startswith(str(venv))
    assert int(migrations) >= 2
