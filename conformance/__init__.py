"""Conformance specs, one file per documented section."""
