"""What the lab needs from the host, and which package provides it.

Not for: the age of an installed program (`qemu.check`).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ...errors import UsageProblem

QEMU = "qemu-system-aarch64"
KEYRING = "the archive's keyring"

# How each system installs packages; `_PACKAGES` has the names in the same order.
INSTALLERS = {
    "Debian": "apt-get install",
    "Fedora": "dnf install",
    "Arch": "pacman -S",
    "macOS": "brew install",
}
_PACKAGES = {
    QEMU: ("qemu-system-arm", "qemu-system-aarch64", "qemu-system-aarch64", "qemu"),
    "setpriv": ("util-linux", "util-linux", "util-linux", ""),
    "apt-get": ("apt", "", "", ""),
    "apt-cache": ("apt", "", "", ""),
    # dnf also takes the path of a file; the package that has it differs by release.
    "gpgv": ("gpgv", "/usr/bin/gpgv", "gnupg", "gnupg"),
    KEYRING: ("debian-archive-keyring", "debian-keyring", "debian-archive-keyring", ""),
}
# What `kvmpmu lab setup --install` installs on Debian, besides the keyring.
PROGRAMS = (QEMU, "setpriv", "apt-get", "apt-cache")

# The path of a file with the keys, if not one of those below.
KEYRING_VARIABLE = "KVMPMU_LAB_KEYRING"
# The keyring's file in older and in newer releases; other distributions use the same names.
KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
)


def keyring() -> Path | None:
    """The keyring of the Debian archive, or None if it is not installed.

    Raises `UsageProblem` if `KEYRING_VARIABLE` names a file that does not exist.
    """
    named = os.environ.get(KEYRING_VARIABLE)
    if not named:
        return next((path for path in KEYRINGS if path.is_file()), None)
    path = Path(named).expanduser().absolute()
    if not path.is_file():
        raise UsageProblem(
            f"{KEYRING_VARIABLE} names {path}, which is not a file",
            "Name a file with the keys of the Debian archive",
        )
    return path


def missing() -> list[str]:
    """The Debian packages that are still to be installed."""
    packages = {_PACKAGES[program][0] for program in PROGRAMS if not shutil.which(program)}
    if keyring() is None:
        packages.add(_PACKAGES[KEYRING][0])
    return sorted(packages)


def remedy(needed: str) -> str:
    """How to install a missing program, or the missing `KEYRING`."""
    debian, *others = (
        f"`{install} {package}`" + (f" on {system}" if system != "Debian" else "")
        for (system, install), package in zip(INSTALLERS.items(), _PACKAGES[needed], strict=True)
        if package
    )
    text = f"On Debian run {debian} as root"
    if needed in (*PROGRAMS, KEYRING):
        text += ", or let `kvmpmu lab setup --install` do it"
    return "; ".join([text, ", ".join(others)] if others else [text])
