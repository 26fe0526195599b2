"""What all tests share: pytester, and Hypothesis without chance."""

from __future__ import annotations

import pytest
from hypothesis import settings

pytest_plugins = ["pytester"]

settings.register_profile("same-every-time", derandomize=True, deadline=None, max_examples=100)
settings.load_profile("same-every-time")


@pytest.fixture
def pytester(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """pytest's own, in whose runs tests keep their order unless one asks for pytest-randomly."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:randomly")
    return pytester
