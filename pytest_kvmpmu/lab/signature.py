"""Whether a text is signed with a key of a keyring: asked of GnuPG's ``gpgv`` or Sequoia's ``sqv``.

Not for: what the text says (`release`).
"""

from __future__ import annotations

import base64
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageProblem
from . import programs, requirements

# gpgv first: it reads a signed text with its signature in it, and tells more.
VERIFIERS = ("gpgv", "sqv")

_ARMORED = re.compile(
    rb"-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[^\r\n]+\r?\n)*\r?\n(?P<body>.*?)"
    rb"(?:^=.{4}\r?\n)?-----END PGP PUBLIC KEY BLOCK-----",
    re.DOTALL | re.MULTILINE,
)
_FATAL = frozenset({"BADSIG", "NODATA", "UNEXPECTED", "ERROR"})


class NotSigned(Exception):
    """The text is not signed, or by nobody of the keyring; says why."""


@dataclass(frozen=True)
class Verifier:
    """The program at ``path`` with the ``keyring``; its files go to the folder ``scratch``."""

    path: str
    keyring: Path
    scratch: Path

    @property
    def reads_clearsigned(self) -> bool:
        """Whether it takes a text that has its signature in it."""
        return Path(self.path).name == "gpgv"

    def clearsigned(self, message: bytes) -> bytes:
        """What of ``message`` is signed.  Raises `NotSigned`."""
        signed, text = self._place("message", message), self.scratch / "text"
        text.unlink(missing_ok=True)
        self._gpgv(["--output", str(text), str(signed)])
        return text.read_bytes()

    def detached(self, text: bytes, signature: bytes) -> bytes:
        """``text``, once its signature is good.  Raises `NotSigned`."""
        files = [str(self._place("signature", signature)), str(self._place("text", text))]
        if self.reads_clearsigned:
            self._gpgv(files)
        else:
            status, _, said = programs.result([self.path, "--keyring", self._keys(), *files])
            if status != 0:
                raise NotSigned(said.strip().splitlines()[-1] if said.strip() else "sqv refuses it")
        return text

    def _gpgv(self, arguments: list[str]) -> None:
        options = ["--status-fd", "1", "--weak-digest", "SHA1", "--keyring", self._keys()]
        _, out, said = programs.result([self.path, *options, *arguments])
        lines = [line.split() for line in out.splitlines() if line.startswith("[GNUPG:] ")]
        kinds = {words[1] for words in lines}
        # Other signatures may be by keys that this keyring does not have: one good one will do.
        if "GOODSIG" in kinds and not kinds & _FATAL:
            return
        unknown = sorted({words[2] for words in lines if words[1] == "NO_PUBKEY"})
        if unknown and not kinds & _FATAL:
            raise NotSigned(f"it is signed with {', '.join(unknown)}, which is not among the keys")
        last = said.strip().splitlines()
        raise NotSigned(last[-1] if last else "gpgv finds no good signature")

    def _keys(self) -> str:
        """The keyring's path; keys in ASCII armor are unpacked first."""
        blocks = _ARMORED.finditer(self.keyring.read_bytes())
        binary = b"".join(base64.b64decode(block["body"]) for block in blocks)
        return str(self._place("keys.gpg", binary) if binary else self.keyring)

    def _place(self, name: str, content: bytes) -> Path:
        path = self.scratch / name
        path.write_bytes(content)
        return path


def find(keyring: Path, scratch: Path) -> Verifier:
    """The verifier that this host has.  `UsageProblem` where it has none."""
    for program in VERIFIERS:
        path = shutil.which(program)
        if path is not None:
            return Verifier(path, keyring, scratch)
    raise UsageProblem(
        f"neither {' nor '.join(VERIFIERS)} is here to check the archive's signature",
        requirements.remedy("gpgv"),
    )
