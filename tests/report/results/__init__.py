"""Tests of pytest_kvmpmu.report.results."""
