"""Guest payloads: their words, their sources, and how the agent loads them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pytest_kvmpmu.agent.payload import image, read_all
from pytest_kvmpmu.data.payloads import payload, payloads
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.support.resources import fixtures_dir

FOLDER = fixtures_dir() / "payloads"
SOURCES = sorted(FOLDER.glob("*.S"))
HINT = "install Debian's binutils-aarch64-linux-gnu, or the same from elsewhere"


def program(name: str) -> str:
    """A cross program's path; the test fails with a hint if it is missing."""
    found = shutil.which(f"aarch64-linux-gnu-{name}")
    assert found is not None, f"aarch64-linux-gnu-{name} is missing: {HINT}"
    return found


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_the_words_are_the_source_assembled(source: Path, tmp_path: Path) -> None:
    made, binary = tmp_path / "payload.o", tmp_path / "payload.bin"
    subprocess.run([program("as"), "-I", FOLDER, "-o", made, source], check=True)
    subprocess.run([program("objcopy"), "-O", "binary", "-j", ".text", made, binary], check=True)
    code = binary.read_bytes()
    words = image(FOLDER, source.stem)
    assert words == code[: len(words)]
    assert not any(code[len(words) :])


def test_every_payload_has_source_words_and_description() -> None:
    names = {path.stem for path in SOURCES}
    assert "cycle-counter" in names
    for suffix in ("toml", "words"):
        assert {path.stem for path in FOLDER.glob(f"*.{suffix}")} == names
    assert set(payloads()) == names


@pytest.mark.parametrize("name", sorted(payloads()))
def test_a_payloads_stores_go_to_different_addresses_beyond_its_memory(name: str) -> None:
    found = payload(name)
    addresses = [*found.fields.values(), found.done, found.fault]
    assert len(set(addresses)) == len(addresses)
    assert min(addresses) > len(image(FOLDER, name))
    assert found.description


def test_an_unknown_payload_gets_the_nearest() -> None:
    with pytest.raises(UsageProblem, match=r"Did you mean 'cycle-counter'"):
        payload("cycle-countr")


def test_words_lie_at_their_offsets_and_gaps_are_zero(tmp_path: Path) -> None:
    (tmp_path / "p.words").write_text("# a comment\n000 14000002  # b\n\n008 d503201f\n")
    assert image(tmp_path, "p").hex() == "02000014000000001f2003d5"


def test_a_payload_without_words_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"lost\.words"):
        image(tmp_path, "lost")


def test_what_was_read_at_the_start_is_not_read_again(tmp_path: Path) -> None:
    words = tmp_path / "p.words"
    words.write_text("000 14000002\n")
    read_all(tmp_path)
    words.unlink()
    assert image(tmp_path, "p").hex() == "02000014"
