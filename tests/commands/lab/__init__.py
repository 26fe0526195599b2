"""Tests of pytest_kvmpmu.commands.lab."""
