"""A Debian archive that is made up here: packages, lists, and Release files signed by a key that
lives as long as the tests.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import os
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

ARCHITECTURE = "arm64"


@dataclass(frozen=True)
class Key:
    """An OpenPGP key in its own GnuPG ``home``, and its public half, binary and armored."""

    home: Path
    public: Path
    armored: Path

    def clearsigned(self, text: bytes) -> bytes:
        return self._gpg("--clearsign", text)

    def detached(self, text: bytes) -> bytes:
        return self._gpg("--detach-sign", text)

    def _gpg(self, what: str, text: bytes) -> bytes:
        return gpg(self.home, "--digest-algo", "SHA512", what, text=text)


def gpg(home: Path, *arguments: str, text: bytes = b"") -> bytes:
    command = ["gpg", "--batch", "--pinentry-mode", "loopback", "--passphrase", "", *arguments]
    environment = {**os.environ, "GNUPGHOME": str(home)}
    return subprocess.run(
        command, input=text, env=environment, check=True, capture_output=True
    ).stdout


def make_key(home: Path, who: str) -> Key:
    """A new key; ``home`` must be a short path, for GnuPG's sockets."""
    home.mkdir(mode=0o700)
    gpg(home, "--quick-generate-key", f"{who} <{who}@example.invalid>", "ed25519", "sign", "never")
    public, armored = home / "public.gpg", home / "public.asc"
    public.write_bytes(gpg(home, "--export"))
    armored.write_bytes(gpg(home, "--armor", "--export"))
    return Key(home, public, armored)


def end_agent(home: Path) -> None:
    """Stop GnuPG's daemons for ``home``."""
    environment = {**os.environ, "GNUPGHOME": str(home)}
    subprocess.run(["gpgconf", "--kill", "all"], env=environment, check=True)


def tar(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    """A tar archive of files, executable below a bin/, and links."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(content)
            info.mode = 0o755 if "/bin" in f"/{name}" else 0o644
            archive.addfile(info, io.BytesIO(content))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(f"./{name}")
            info.type = tarfile.SYMTYPE
            info.linkname = target
            archive.addfile(info)
    return out.getvalue()


def ar(members: dict[str, bytes]) -> bytes:
    """An ar archive."""
    out = b"!<arch>\n"
    for name, content in members.items():
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
        out += content + b"\n" * (len(content) % 2)
    return out


def deb(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    """A package file."""
    control = lzma.compress(tar({"control": b"Package: p\n"}))
    packed = lzma.compress(tar(files, links))
    return ar({"debian-binary": b"2.0\n", "control.tar.xz": control, "data.tar.xz": packed})


@dataclass
class Archive:
    """An archive below ``root`` with one ``suite``; `publish` after each change."""

    root: Path
    key: Key
    suite: str = "stable"
    by_hash: bool = False
    # Fields of the Release file besides those that every one has; None omits one.
    fields: dict[str, str | None] = field(default_factory=dict)
    stanzas: list[str] = field(default_factory=list)

    def add(
        self, name: str, version: str = "1", files: dict[str, bytes] | None = None, **more: str
    ) -> Path:
        """A package; ``more`` are fields of its stanza.  Its file."""
        content = deb(files or {f"usr/share/{name}": b"x"})
        path = f"pool/{name}_{version}_{ARCHITECTURE}.deb"
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        stanza = {
            "Package": name,
            "Version": version,
            "Architecture": ARCHITECTURE,
            **{key.replace("_", "-"): value for key, value in more.items()},
            "Filename": path,
            "Size": str(len(content)),
            "SHA256": hashlib.sha256(content).hexdigest(),
            "Description": f"{name}\n and what it is for",
        }
        self.stanzas.append("".join(f"{key}: {value}\n" for key, value in stanza.items()))
        return place

    @property
    def dists(self) -> Path:
        return self.root / "dists" / self.suite

    def publish(self) -> None:
        """Write and sign the list of packages."""
        packed = lzma.compress("\n".join(self.stanzas).encode())
        listed = self.dists / f"main/binary-{ARCHITECTURE}/Packages.xz"
        listed.parent.mkdir(parents=True, exist_ok=True)
        sha256 = hashlib.sha256(packed).hexdigest()
        if self.by_hash:
            hashed = listed.parent / "by-hash/SHA256" / sha256
            hashed.parent.mkdir(parents=True, exist_ok=True)
            hashed.write_bytes(packed)
        else:
            listed.write_bytes(packed)
        fields = {
            "Origin": "Test",
            "Suite": self.suite,
            "Codename": "fable",
            "Date": "Sat, 01 Aug 2026 10:00:00 UTC",
            "Acquire-By-Hash": "yes" if self.by_hash else "no",
            **self.fields,
            "SHA256": f"\n {sha256} {len(packed)} {listed.relative_to(self.dists)}",
        }
        text = "".join(f"{key}: {value}\n" for key, value in fields.items() if value is not None)
        self.sign(text.encode())

    def sign(self, text: bytes) -> None:
        """Write ``text`` as the suite's Release file."""
        (self.dists / "Release").write_bytes(text)
        (self.dists / "InRelease").write_bytes(self.key.clearsigned(text))
        (self.dists / "Release.gpg").write_bytes(self.key.detached(text))
