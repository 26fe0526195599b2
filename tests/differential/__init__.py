"""Tests of the search for wrong answers with random sequences."""
