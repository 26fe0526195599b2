"""The error of a lab that failed.

Not for: problems that the user can fix (`errors.UsageProblem`).
"""

from __future__ import annotations


class LabFailure(Exception):
    """The lab failed: a VM died, or a program failed.  One message."""
