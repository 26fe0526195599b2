"""The names of the user_properties that this plugin gives its tests: JUnit and others read them."""

from __future__ import annotations

CLAUSE = "kvmpmu_clause"
NOT_APPLICABLE = "kvmpmu_not_applicable"
MISSING = "kvmpmu_missing"
KERNEL = "kvmpmu_kernel"
STRICT = "kvmpmu_strict_spec"
REACH = "kvmpmu_reach"
SPEC = "kvmpmu_spec"
BOARD = "kvmpmu_board"
# How the test ended, in KCIDB's words.
STATUS = "kvmpmu_status"
