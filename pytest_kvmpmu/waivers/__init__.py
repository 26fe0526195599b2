"""Waivers: known failures in a TOML file, each with a reason, checked so that none goes stale."""
