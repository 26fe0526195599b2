"""Checks signatures against a keyring, with GnuPG's ``gpgv`` or Sequoia's ``sqv``.

Not for: what the text says (`release`).
"""

from __future__ import annotations

import base64
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from ...errors import UsageProblem
from ..host import programs, requirements

# gpgv first: its messages say more.
VERIFIERS = ("gpgv", "sqv")

_ARMORED = re.compile(
    rb"-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[^\r\n]+\r?\n)*\r?\n(?P<body>.*?)"
    rb"(?:^=.{4}\r?\n)?-----END PGP PUBLIC KEY BLOCK-----",
    re.DOTALL | re.MULTILINE,
)
# RFC 9580, section 7.  Its content is used only after the signature was checked.
_CLEARSIGNED = re.compile(
    rb"-----BEGIN PGP SIGNED MESSAGE-----\n(?:[^\n]+\n)*\n(?P<text>.*)\n"
    rb"(?P<signature>-----BEGIN PGP SIGNATURE-----\n.*-----END PGP SIGNATURE-----)\s*",
    re.DOTALL,
)
# A file that contains its own signed text would verify, but not sign our text.
_FATAL = frozenset({"BADSIG", "NODATA", "UNEXPECTED", "ERROR", "PLAINTEXT"})


class NotSigned(Exception):
    """The text is not signed, or not by a key of the keyring; says why."""


@dataclass(frozen=True)
class Verifier:
    """The program at ``path`` with the ``keyring``; its files are in the folder ``scratch``."""

    path: str
    keyring: Path
    scratch: Path

    def clearsigned(self, message: bytes) -> bytes:
        """The text in the clearsigned ``message``.  Raises `NotSigned`."""
        found = _CLEARSIGNED.fullmatch(message.replace(b"\r\n", b"\n"))
        if found is None:
            raise NotSigned("it does not contain a signature")
        # White space at the ends of lines and the last newline are not signed.
        lines = [line.removeprefix(b"- ").rstrip() for line in found["text"].split(b"\n")]
        return self.detached(b"\n".join(lines), found["signature"])

    def detached(self, text: bytes, signature: bytes) -> bytes:
        """``text``, if its signature is good.  Raises `NotSigned`."""
        files = [str(self._place("signature", signature)), str(self._place("text", text))]
        if Path(self.path).name == "gpgv":
            self._gpgv(files)
        else:
            status, _, said = programs.result([self.path, "--keyring", self._keys(), *files])
            if status != 0:
                raise NotSigned(_last(said) or "sqv refuses it")
        return text

    def _gpgv(self, arguments: list[str]) -> None:
        options = ["--status-fd", "1", "--weak-digest", "SHA1", "--keyring", self._keys()]
        _, out, said = programs.result([self.path, *options, *arguments])
        lines = [line.split() for line in out.splitlines() if line.startswith("[GNUPG:] ")]
        kinds = {words[1] for words in lines}
        # One good signature suffices; other keys may be missing from the keyring.
        if "GOODSIG" in kinds and not kinds & _FATAL:
            return
        unknown = sorted({words[2] for words in lines if words[1] == "NO_PUBKEY"})
        if unknown and not kinds & _FATAL:
            raise NotSigned(f"the keyring does not have the key {', '.join(unknown)}")
        raise NotSigned(_last(said) or "gpgv finds no good signature")

    def _keys(self) -> str:
        """The keyring's path; keys in ASCII armor are unpacked first."""
        blocks = _ARMORED.finditer(self.keyring.read_bytes())
        binary = b"".join(base64.b64decode(block["body"]) for block in blocks)
        return str(self._place("keys.gpg", binary) if binary else self.keyring)

    def _place(self, name: str, content: bytes) -> Path:
        path = self.scratch / name
        path.write_bytes(content)
        return path


def _last(said: str) -> str:
    return said.strip().rpartition("\n")[2].strip()


def find(keyring: Path, scratch: Path) -> Verifier:
    """The verifier that this host has.  Raises `UsageProblem` if it has none."""
    for program in VERIFIERS:
        path = shutil.which(program)
        if path is not None:
            return Verifier(path, keyring, scratch)
    raise UsageProblem(
        f"neither {' nor '.join(VERIFIERS)} is installed to check the archive's signature",
        requirements.remedy("gpgv"),
    )
