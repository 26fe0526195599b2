"""Tests of pytest_kvmpmu.kvm."""
