"""Tests of pytest_kvmpmu.waivers."""
