"""Runs the specs on each kind of host: ``python -m tests.tools.hosts``."""
