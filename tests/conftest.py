"""What all tests share: pytester, and Hypothesis without chance."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["pytester"]

settings.register_profile("same-every-time", derandomize=True, deadline=None, max_examples=100)
settings.load_profile("same-every-time")
