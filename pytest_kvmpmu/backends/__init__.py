"""Backends: what executes Calls.  `base` says what one has to be."""
