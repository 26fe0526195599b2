"""Tests of the search among random sequences."""
