"""How fast it is.  ``python -m tests.tools.benchmarks`` prints the figures of docs/benchmarks.md.

Not part of the test run: machines are shared and noisy, so nothing here is asserted.
"""
