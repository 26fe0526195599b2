"""Debian's archive: the suites of a mirror, their packages, and the files in those."""
