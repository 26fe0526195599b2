"""Tests of pytest_kvmpmu.model.gic."""
