"""The error of a lab that broke.

Not for: what the user can fix; that is `errors.UsageProblem`.
"""

from __future__ import annotations


class LabFailure(Exception):
    """The lab was to be had and broke: a VM that died, a tool that failed.  One message."""
