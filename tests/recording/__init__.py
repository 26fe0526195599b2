"""Tests of recordings; `python -m tests.recording` makes those of the lab again."""
