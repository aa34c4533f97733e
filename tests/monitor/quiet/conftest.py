"""The good month of a seed, made once."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from quiet_world import Month, month_of


@pytest.fixture(scope="session")
def month(tmp_path_factory):
    """A function: the good month of a seed, and what was told in it."""
    made: dict[int, Month] = {}

    def of(seed: int) -> Month:
        if seed not in made:
            made[seed] = month_of(seed, tmp_path_factory.mktemp("well") / "b.duckdb")
        return made[seed]

    return of
