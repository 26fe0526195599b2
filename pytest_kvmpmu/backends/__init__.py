"""Backends execute Calls.  `base` defines their protocol."""
