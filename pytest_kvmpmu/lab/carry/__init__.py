"""A lab in one file: exported on one machine, imported on another."""
