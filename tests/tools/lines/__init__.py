"""Runs the specs on every kernel line of the lab: ``python -m tests.tools.lines``."""
