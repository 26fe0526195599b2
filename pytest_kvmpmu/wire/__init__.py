"""What crosses between a test and a kernel: Calls, Outcomes, and the frames that carry them.

Runs on Python 3.8 and later with the standard library alone: the agent uses it too.
"""
