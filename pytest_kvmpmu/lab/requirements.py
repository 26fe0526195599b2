"""What the lab needs from the host, by Debian package.

Not for: whether what is there is new enough (`qemu.check`).
"""

from __future__ import annotations

import shutil
from pathlib import Path

QEMU = "qemu-system-aarch64"
# Program and the package that brings it.
PROGRAMS = {
    QEMU: "qemu-system-arm",
    "setpriv": "util-linux",
    "apt-get": "apt",
    "apt-cache": "apt",
    "dpkg-deb": "dpkg",
}

KEYRING_PACKAGE = "debian-archive-keyring"
# Its file, as older and as newer releases name it.
KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
)


def keyring() -> Path | None:
    """The keyring of the Debian archive, or None where it is not installed."""
    return next((path for path in KEYRINGS if path.is_file()), None)


def missing() -> list[str]:
    """The packages that are to be installed."""
    packages = {package for program, package in PROGRAMS.items() if not shutil.which(program)}
    if keyring() is None:
        packages.add(KEYRING_PACKAGE)
    return sorted(packages)


def remedy(package: str) -> str:
    """What to do about a missing package."""
    return (
        f"On Debian run `apt-get install {package}` as root, "
        "or let `kvmpmu lab setup --install` do it"
    )
