"""A real helm and real Kubernetes schemas for the tests of the chart."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
CHART = ROOT / "helm"
VALUES = sorted((CHART / "ci").glob("*-values.yaml"))


@pytest.fixture(scope="session")
def helm(need) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run helm with these arguments."""
    command = need("helm")
    return lambda *arguments: subprocess.run([command, *arguments], check=False, capture_output=True, text=True)


@pytest.fixture(scope="session")
def render(helm) -> Callable[..., str]:
    """Render the chart with a file of values, and any `--set` after it."""

    def act(values: Path, *more: str) -> str:
        done = helm("template", "t", str(CHART), "-n", "prod", "-f", str(values), *more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return act


@pytest.fixture(scope="session")
def objects(render) -> Callable[..., dict[str, Any]]:
    """Render the chart and give its objects by kind (the last of a kind)."""

    def act(values: Path, *more: str) -> dict[str, Any]:
        return {each["kind"]: each for each in yaml.safe_load_all(render(values, *more)) if each}

    return act


@pytest.fixture(scope="session")
def kubernetes_validate(need) -> Callable[[Path, str], subprocess.CompletedProcess[str]]:
    """Hold a file against the schemas of one Kubernetes version."""
    command = need("kubernetes-validate")
    return lambda path, version: subprocess.run(
        [command, "--strict", "--quiet", "-k", version, path], check=False, capture_output=True, text=True
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that asks for `values` every file of the chart's ci/."""
    if "values" in metafunc.fixturenames:
        metafunc.parametrize("values", VALUES, ids=lambda path: path.name.removesuffix("-values.yaml"))
