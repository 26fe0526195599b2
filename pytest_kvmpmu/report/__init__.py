"""Reports: what each spec of a run came to, as values, files and pages.

`result` has the values, `tell` makes them where the test runs, `gather` collects them where
the run is led.
"""
