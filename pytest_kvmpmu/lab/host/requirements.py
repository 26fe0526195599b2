"""What the lab needs from the host, and which package brings it.

Not for: whether what is there is new enough (`qemu.check`).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ...errors import UsageProblem

QEMU = "qemu-system-aarch64"
KEYRING = "the archive's keyring"

# How packages are installed, and where; and the packages, in the same order.
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
    # dnf takes the path of a file as well; which package has it has changed.
    "gpgv": ("gpgv", "/usr/bin/gpgv", "gnupg", "gnupg"),
    KEYRING: ("debian-archive-keyring", "debian-keyring", "debian-archive-keyring", ""),
}
# What `kvmpmu lab setup --install` sees to, on Debian, besides the keyring.
PROGRAMS = (QEMU, "setpriv", "apt-get", "apt-cache")

# Names a file with the keys, where it is another than those below.
KEYRING_VARIABLE = "KVMPMU_LAB_KEYRING"
# The keyring's file, as older and as newer releases name it; other distributions do likewise.
KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
)


def keyring() -> Path | None:
    """The keyring of the Debian archive, or None where it is not installed.

    `UsageProblem` where the one that is named is not there.
    """
    named = os.environ.get(KEYRING_VARIABLE)
    if not named:
        return next((path for path in KEYRINGS if path.is_file()), None)
    path = Path(named).expanduser().absolute()
    if not path.is_file():
        raise UsageProblem(
            f"{KEYRING_VARIABLE} names {path}, and no such file is there",
            "Name a file with the keys of the Debian archive",
        )
    return path


def missing() -> list[str]:
    """The Debian packages that are to be installed."""
    packages = {_PACKAGES[program][0] for program in PROGRAMS if not shutil.which(program)}
    if keyring() is None:
        packages.add(_PACKAGES[KEYRING][0])
    return sorted(packages)


def remedy(needed: str) -> str:
    """What to do about a missing program, or the missing `KEYRING`."""
    debian, *others = (
        f"`{install} {package}`" + (f" on {system}" if system != "Debian" else "")
        for (system, install), package in zip(INSTALLERS.items(), _PACKAGES[needed], strict=True)
        if package
    )
    told = f"On Debian run {debian} as root"
    if needed in (*PROGRAMS, KEYRING):
        told += ", or let `kvmpmu lab setup --install` do it"
    return "; ".join([told, ", ".join(others)] if others else [told])
