"""The example in every detector's docstring prints what it says it prints."""

import doctest
import importlib

import pytest

MODULES = ["rate_shift", "slow_drift", "silence", "volume", "burn", "never", "mix", "chain", "slope", "testing"]


@pytest.mark.docs
@pytest.mark.parametrize("name", MODULES)
def test_example_prints_what_it_says(name):
    result = doctest.testmod(importlib.import_module(f"bellbuoy.detectors.{name}"))
    assert result.attempted, "there is no example"
    assert not result.failed
