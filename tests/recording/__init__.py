"""Tests of pytest_kvmpmu.recording."""
