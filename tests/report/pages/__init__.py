"""Tests of pytest_kvmpmu.report.pages."""
