"""Recordings: every Call and Outcome of a run in a file.

`form` defines the lines, `writer` and `reader` the file, `join` merges several,
`judge` checks a recording against the model.  docs/recordings.md describes the file.
"""
