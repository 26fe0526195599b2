"""Tests of pytest_kvmpmu.plugin, most of them in runs of pytest."""
