"""Tests of pytest_kvmpmu.plugin.results."""
