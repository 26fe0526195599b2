"""The plugin's options: declared once, read once, checked, and turned into a backend.

Not for: hooks.  `plugin` calls this at the right moments.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import UsageProblem, unknown
from .extensions import NONE, Extensions

if TYPE_CHECKING:
    from .backends.base import Backend
    from .host import Host
    from .targets import Target

DEFAULT_TOPOLOGY = "rockpro64"
BACKENDS = ("model", "real", "replay")
PREFIX = "--kvmpmu-"


class Option(NamedTuple):
    """``--kvmpmu-NAME`` and the ini key ``kvmpmu_NAME``."""

    name: str
    metavar: str
    help: str

    @property
    def flag(self) -> str:
        return PREFIX + self.name

    @property
    def dest(self) -> str:
        return f"kvmpmu_{self.name.replace('-', '_')}"


OPTIONS = (
    Option(
        "backend",
        "model|real|replay|NAME",
        "run on the reference model, on a real kernel, on a recording, or on another plugin's"
        " backend (model)",
    ),
    Option(
        "target",
        "local|lab:LINE|SCHEME:REST|FILE",
        "which real kernel: this machine's, a lab VM's or another plugin's (local); which"
        " recording",
    ),
    Option(
        "kernel",
        "REVISION",
        "the revision to expect, like series-v1, 5.10 or linux-6.7"
        " (model: the newest; otherwise that of the kernel's release)",
    ),
    Option(
        "topology",
        "NAME|FILE.toml",
        f"the host: the model's, or the lab's board ({DEFAULT_TOPOLOGY}); target local takes"
        " the host as it is, and checks it against this if given",
    ),
    Option("timeout", "SECONDS", "how long one call may take (10)"),
    Option(
        "lab-cpu",
        "CPU",
        "the core that a lab VM emulates, by QEMU's name (cortex-a57; cortex-a76 or max for VHE)",
    ),
    Option("cache-dir", "DIR", "where lab kernels are kept (the user's cache directory)"),
)

# For pytest alone.
RECORD = Option("record", "FILE", "write every call and outcome to FILE; packed if it ends in .gz")
REPORT = Option(
    "report",
    "FILE",
    "write what each spec came to, with its calls, to FILE: .json, .ktap, .md or .html; may be"
    " given several times",
)
# What a gate takes: of `kvmpmu report`, too.
CONFORMANT, ON_HOST = "conformant", "conformant-on-host"
GATES = (CONFORMANT, ON_HOST)
GATE = Option(
    "gate",
    "|".join(GATES),
    "fail the run unless the kernel was found conformant; -on-host: as far as this host can show"
    " it",
)
REQUIRE = Option(
    "require",
    "CAPABILITY,...",
    "what the run must be on, else it is an error: a host's capability like two-pmus, real,"
    " guest-run",
)
WAIVERS = Option("waivers", "FILE", "the known failures: a TOML file, see docs/waivers.md")
UPDATE_WAIVERS = Option(
    "update-waivers", "", "rewrite the waiver file as this run, if it is a whole one, says"
)
EXAMPLES = Option("examples", "N", "how many sequences each differential test tries (100)")
DEFAULT_EXAMPLES = 100
# For pytest alone, without a value: `Settings` are about where calls go.
STRICT_SPEC = Option(
    "strict-spec", "", "fail tests that find the kernel at variance with its documentation (false)"
)


# For pytest alone, with an ini twin each.
RUN_OPTIONS = (RECORD, GATE, REQUIRE, WAIVERS)


def whole_number(text: str) -> int:
    """A count of at least 1, as argparse has it."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


@dataclass(frozen=True)
class Settings:
    """The options' values, checked as far as that needs no device.

    ``topology`` is None where none was asked for; ``base`` is where relative paths start;
    ``extensions`` is what other plugins add.
    """

    backend: str = "model"
    target: str | None = None
    kernel: str | None = None
    topology: str | None = None
    seconds: float = 10.0
    cache_dir: Path | None = None
    lab_cpu: str | None = None
    base: Path = Path()
    extensions: Extensions = field(default=NONE, repr=False, compare=False)

    @property
    def board(self) -> Host:
        """The topology asked for, or the default one."""
        from . import topology

        return topology.load(self.topology or DEFAULT_TOPOLOGY, self.base)

    @property
    def place(self) -> str | None:
        """Where calls go, as the user calls it; None for the model."""
        return self.target or ("local" if self.backend == "real" else None)

    def make_backend(self) -> Backend:
        """The backend that was asked for.  `UsageProblem` where there can be none."""
        if self.backend == "model":
            from .backends.model import ModelBackend

            return ModelBackend(self.board, self.kernel)
        if self.backend == "replay":
            from .backends.replay import ReplayBackend

            return ReplayBackend(self.base / (self.target or ""), self.kernel)
        if self.backend in self.extensions.backends:
            return self.extensions.backend(self)
        from .backends.real import RealBackend

        chosen = self.make_target()
        booted = self.target is not None and self.target.startswith("lab:")
        board = chosen.fitted(self.board) if booted or self.topology is not None else None
        return RealBackend(chosen, self.seconds, self.kernel, board)

    def make_target(self) -> Target:
        """The real kernel's place.  `UsageProblem` for a name that is none."""
        from .targets import target

        scheme, colon, rest = (self.target or "local").partition(":")
        others = self.extensions.targets
        if colon and scheme in others:
            return self.extensions.target(scheme, rest, self)
        schemes = (f"{other}:..." for other in others)
        return target(self.target or "local", self.board, self.cache_dir, self.lab_cpu, schemes)


def resolve(
    value: Callable[[Option], str | None],
    base: Path | None = None,
    prefix: str = PREFIX,
    extensions: Extensions = NONE,
) -> Settings:
    """Settings from ``value``, which gives each option's text or None.

    Relative paths start from ``base`` (default: the current directory); ``prefix`` is
    what the user writes before an option's name.
    `UsageProblem` says which option has which bad value, and names the good ones.
    """
    given: dict[str, Any] = {
        option.name.replace("-", "_"): value(option) or None for option in OPTIONS
    }
    backend = given["backend"] or "model"
    if backend not in (*BACKENDS, *extensions.backends):
        raise unknown("backend", backend, (*BACKENDS, *extensions.backends))
    if given["target"] is not None and backend == "model":
        raise UsageProblem(
            f"{prefix}target={given['target']} has no meaning with {prefix}backend={backend}",
            f"Add {prefix}backend=real or replay, or leave the target out",
        )
    if backend == "replay":
        if given["target"] is None:
            raise UsageProblem(
                f"{prefix}backend=replay needs a recording", f"Name it with {prefix}target=FILE"
            )
        if given["topology"] is not None:
            raise UsageProblem(
                f"{prefix}topology={given['topology']} has no meaning with {prefix}backend=replay:"
                " a recording has the host that it was made on",
                "Leave the topology out",
            )
    if given["lab_cpu"] is not None and not (backend == "real" and _in_lab(given["target"])):
        raise UsageProblem(
            f"{prefix}lab-cpu={given['lab_cpu']} has no meaning without a lab",
            f"Add {prefix}backend=real and {prefix}target=lab:LINE, or leave it out",
        )
    if given["kernel"] is not None:
        from .revision import detect

        detect(given["kernel"])
    settings = Settings(
        backend,
        given["target"],
        given["kernel"],
        given["topology"],
        _seconds(given["timeout"], prefix),
        Path(given["cache_dir"]) if given["cache_dir"] else None,
        given["lab_cpu"],
        base or Path(),
        extensions,
    )
    if settings.topology is not None:
        settings.board  # noqa: B018  # read for its errors: a bad file is found here
    return settings


def _in_lab(target: str | None) -> bool:
    return target is not None and target.startswith("lab:")


def _seconds(text: str | None, prefix: str) -> float:
    if text is None:
        return Settings.seconds
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise UsageProblem(
            f"{prefix}timeout={text} is no number of seconds", "Give more than 0, at most 3600"
        )
    return seconds
