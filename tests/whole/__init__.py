"""Tests of all parts together: the wheel, the documentation, the examples, whole runs."""
