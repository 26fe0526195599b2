"""Tests of pytest_kvmpmu.agent."""
