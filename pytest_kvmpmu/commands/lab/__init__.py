"""``kvmpmu lab ACTION``: arm64 KVM hosts in software.

Each module declares one action, or two that belong together, with ``add_parser``.
"""

from __future__ import annotations

from typing import Any

from . import boot, carry, clean, dts, list, picture, run, setup


def add_parser(commands: Any) -> None:
    """Add ``lab`` to the subcommands of ``kvmpmu``."""
    parser = commands.add_parser("lab", help="arm64 KVM hosts in software, under QEMU")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for module in (list, setup, boot, run, picture, dts, clean, carry):
        module.add_parser(actions)
