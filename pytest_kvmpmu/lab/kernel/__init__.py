"""A kernel Image: its format, its configuration, and why it did not boot."""
