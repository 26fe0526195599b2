"""What several actions of ``kvmpmu lab`` take."""

from __future__ import annotations

import argparse
from pathlib import Path

DEFAULT_BOARD = "rockpro64"


def add_cache_dir(parser: argparse.ArgumentParser) -> None:
    """``--cache-dir DIR``."""
    parser.add_argument("--cache-dir", type=Path, metavar="DIR", help="where the lab is kept")
