"""Tests of pytest_kvmpmu.report.verdict."""
