"""Tests of pytest_kvmpmu.commands."""
