"""Which of our files go into the guest, and the hash that tells when they changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kvmpmu.lab.initramfs import agent_files


def test_only_rooms_that_the_agent_may_import_are_in() -> None:
    rooms = {name.split("/")[1] for name, _ in agent_files.sources()}
    assert rooms == {"__init__.py", *agent_files.ROOMS, "payloads"}


def test_a_changed_source_changes_the_hash(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = agent_files.sources_hash()
    assert agent_files.sources_hash() == before
    extra = tmp_path / "new.py"
    extra.write_text("pass\n")
    more = [*agent_files.sources(), ("pytest_kvmpmu/agent/new.py", extra)]
    monkeypatch.setattr(agent_files, "sources", lambda: more)
    assert agent_files.sources_hash() != before
