"""Recordings: every Call and Outcome of a run in a file, and what can be done with one.

`form` has the lines, `writer` and `reader` the file, `join` makes one of several,
`judge` holds a recording against the model.  docs/recordings.md describes the file.
"""
