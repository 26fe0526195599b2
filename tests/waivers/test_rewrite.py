"""A waiver file written anew from what a run found."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.waivers.rewrite import rewritten
from pytest_kvmpmu.waivers.stale import Checked


def test_a_text_that_looks_like_an_entry_is_not_taken_for_one(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="not all are tables"):
        rewritten("[[waiver]]\nspec = '''\n[[waiver]]\n'''\n", [], [], Checked(), ("x", "y"))
