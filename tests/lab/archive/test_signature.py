"""Good, bad, foreign and missing signatures, with each verifier."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab.archive import signature
from pytest_kvmpmu.lab.archive.signature import NotSigned, Verifier

from ..debian import Key, gpg

TEXT = b"Suite: stable\nSHA256:\n 00 1 x\n"


@pytest.fixture(params=signature.VERIFIERS)
def verifier(request: pytest.FixtureRequest, keys: tuple[Key, Key], tmp_path: Path) -> Verifier:
    path = shutil.which(request.param)
    if path is None:
        pytest.skip(f"needs {request.param}")
    return Verifier(path, keys[0].public, tmp_path)


@pytest.fixture
def gpgv(keys: tuple[Key, Key], tmp_path: Path) -> Verifier:
    path = shutil.which("gpgv")
    if path is None:
        pytest.skip("needs gpgv")
    return Verifier(path, keys[0].public, tmp_path)


def test_a_good_signature_beside_its_text_is_taken(
    verifier: Verifier, keys: tuple[Key, Key]
) -> None:
    assert verifier.detached(TEXT, keys[0].detached(TEXT)) == TEXT


def test_keys_in_ascii_armor_are_taken(keys: tuple[Key, Key], verifier: Verifier) -> None:
    both = verifier.scratch / "both.asc"
    both.write_bytes(keys[1].armored.read_bytes() + keys[0].armored.read_bytes())
    again = Verifier(verifier.path, both, verifier.scratch)
    assert again.detached(TEXT, keys[0].detached(TEXT)) == TEXT


def test_a_changed_text_is_refused(verifier: Verifier, keys: tuple[Key, Key]) -> None:
    with pytest.raises(NotSigned):
        verifier.detached(TEXT + b"!", keys[0].detached(TEXT))


def test_a_strangers_signature_is_refused(verifier: Verifier, keys: tuple[Key, Key]) -> None:
    with pytest.raises(NotSigned):
        verifier.detached(TEXT, keys[1].detached(TEXT))


def test_what_is_no_signature_is_refused(verifier: Verifier) -> None:
    with pytest.raises(NotSigned):
        verifier.detached(TEXT, b"<html>no</html>")


@pytest.mark.parametrize("text", [TEXT, b"- a\n\n-----b\nc ", b"a\r\nb\r\n"], ids=repr)
def test_a_text_with_its_signature_below_is_taken(
    verifier: Verifier, keys: tuple[Key, Key], text: bytes
) -> None:
    taken = verifier.clearsigned(keys[0].clearsigned(text))
    assert taken.split() == text.split()


def test_a_signed_text_in_place_of_a_signature_is_refused(
    verifier: Verifier, keys: tuple[Key, Key]
) -> None:
    for kind in ("--sign", "--clearsign"):
        with pytest.raises(NotSigned):
            verifier.detached(TEXT, gpg(keys[0].home, "--armor", kind, text=b"Suite: other\n"))


def test_nothing_but_the_signed_text_is_taken(verifier: Verifier, keys: tuple[Key, Key]) -> None:
    signed = keys[0].clearsigned(TEXT)
    for with_more in (b"Suite: other\n\n" + signed, signed + b"\nSuite: other\n", signed * 2):
        with pytest.raises(NotSigned):
            verifier.clearsigned(with_more)


@pytest.mark.parametrize("damage", ["changed", "unsigned", "empty", "half a header", "cut off"])
def test_a_signed_text_that_is_damaged_is_refused(
    verifier: Verifier, keys: tuple[Key, Key], damage: str
) -> None:
    signed = keys[0].clearsigned(TEXT)
    broken = {
        "changed": signed.replace(b"stable", b"Stable"),
        "unsigned": TEXT,
        "empty": b"",
        "half a header": signed[:40],
        "cut off": signed[: signed.index(b"-----BEGIN PGP SIGNATURE") + 60],
    }[damage]
    with pytest.raises(NotSigned):
        verifier.clearsigned(broken)


def test_a_strangers_signature_names_the_missing_key(gpgv: Verifier, keys: tuple[Key, Key]) -> None:
    with pytest.raises(NotSigned, match=r"the keyring does not have the key [0-9A-F]{16}"):
        gpgv.clearsigned(keys[1].clearsigned(TEXT))


def test_one_good_signature_of_several_will_do(gpgv: Verifier, keys: tuple[Key, Key]) -> None:
    both = keys[1].detached(TEXT) + keys[0].detached(TEXT)
    assert gpgv.detached(TEXT, both) == TEXT


def test_a_host_without_either_program_is_told_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageProblem) as caught:
        signature.find(tmp_path, tmp_path)
    assert caught.value.cause.startswith("neither gpgv nor sqv is installed")
    assert "brew install gnupg" in caught.value.remedy
