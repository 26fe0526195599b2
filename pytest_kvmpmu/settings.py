"""The plugin's options: declared once, read once, checked.

Not for: hooks (`plugin`), or the backend that they name (`choose`).
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import UsageProblem, unknown

if TYPE_CHECKING:
    from .data.host import Host

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
        "the real kernel: this machine's, a lab VM's or another plugin's (local); or the"
        " recording to replay",
    ),
    Option(
        "kernel",
        "REVISION",
        "kernel revision to model, or to expect of a real kernel, like series-v1, 5.10 or"
        " linux-6.7 (model: the newest; otherwise that of the kernel's release)",
    ),
    Option(
        "topology",
        "NAME|FILE.toml",
        f"the host to model, or the lab's board ({DEFAULT_TOPOLOGY}); target local uses the"
        " host as it is, and checks it against this if given",
    ),
    Option("timeout", "SECONDS", "how long one call may take (10)"),
    Option(
        "lab-cpu",
        "CPU",
        "the core that a lab VM emulates, by QEMU's name (cortex-a57; cortex-a76 or max for VHE)",
    ),
    Option("cache-dir", "DIR", "where lab kernels are kept (the user's cache directory)"),
)

# Only for pytest.
RECORD = Option("record", "FILE", "write every call and outcome to FILE; packed if it ends in .gz")
REPORT = Option(
    "report",
    "FILE",
    "write each spec's result, with its calls, to FILE: .json, .ktap, .md or .html; may be given"
    " several times",
)
# The values of a gate, also that of `kvmpmu report`.
CONFORMANT, ON_HOST = "conformant", "conformant-on-host"
GATES = (CONFORMANT, ON_HOST)
GATE = Option(
    "gate",
    "|".join(GATES),
    "fail the run unless the kernel is conformant; -on-host: as far as this host can show it",
)
REQUIRE = Option(
    "require",
    "CAPABILITY,...",
    "end with an error unless the run has these: a host's capability like two-pmus, real,"
    " guest-run",
)
WAIVERS = Option("waivers", "FILE", "the known failures: a TOML file, see docs/waivers.md")
UPDATE_WAIVERS = Option(
    "update-waivers", "", "rewrite the waiver file from this run's results, if the run is complete"
)
EXAMPLES = Option("examples", "N", "how many sequences each differential test tries (100)")
DEFAULT_EXAMPLES = 100
# Only for pytest, without a value: `Settings` are about where calls go.
STRICT_SPEC = Option(
    "strict-spec",
    "",
    "fail tests that find a difference between the kernel and its documentation (false)",
)


# Only for pytest, with an ini twin each.
RUN_OPTIONS = (RECORD, GATE, REQUIRE, WAIVERS)


def whole_number(text: str) -> int:
    """A count of at least 1, as argparse has it."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


LOCAL, LAB = "local", "lab"


class TargetName(NamedTuple):
    """What ``--kvmpmu-target`` names: ``local``, ``lab:6.12``, ``SCHEME:REST``.

    ``rest`` is None if there is no colon.
    """

    scheme: str
    rest: str | None = None

    @classmethod
    def of(cls, text: str) -> TargetName:
        """The name, split at the colon; does not check that the target exists."""
        scheme, colon, rest = text.partition(":")
        return cls(scheme, rest if colon else None)

    def __str__(self) -> str:
        """As the user wrote it."""
        return self.scheme if self.rest is None else f"{self.scheme}:{self.rest}"


@dataclass(frozen=True)
class Settings:
    """The options' values, checked as far as possible without a device.

    ``topology`` is None if the option is not given; ``base`` is where relative paths start.
    """

    backend: str = "model"
    target: TargetName | None = None
    kernel: str | None = None
    topology: str | None = None
    seconds: float = 10.0
    cache_dir: Path | None = None
    lab_cpu: str | None = None
    base: Path = Path()

    @property
    def place(self) -> str | None:
        """Where calls go, as the user wrote it; None for the model."""
        return None if self.target is None else str(self.target)

    @functools.cached_property
    def board(self) -> Host:
        """The requested topology, or the default one; its file is read once."""
        from .data import topology  # not in pytest's every run: it takes longer than all else here

        return topology.load(self.topology or DEFAULT_TOPOLOGY, self.base)


def resolve(
    value: Callable[[Option], str | None],
    base: Path | None = None,
    prefix: str = PREFIX,
    others: Iterable[str] = (),
) -> Settings:
    """Settings from ``value``, which gives each option's text or None.

    Relative paths start from ``base`` (default: the current directory); ``prefix`` is
    what the user writes before an option's name; ``others`` are other plugins' backends.
    Raises `UsageProblem` that names the option, its bad value and the good ones.
    """
    given: dict[str, Any] = {
        option.name.replace("-", "_"): value(option) or None for option in OPTIONS
    }
    backend = given["backend"] or "model"
    known = (*BACKENDS, *others)
    if backend not in known:
        raise unknown("backend", backend, known)
    if given["target"] is not None and backend == "model":
        raise UsageProblem(
            f"{prefix}target={given['target']} has no meaning with {prefix}backend={backend}",
            f"Add {prefix}backend=real or replay, or omit the target",
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
                "Omit the topology",
            )
    target = (
        TargetName.of(given["target"] or "local") if given["target"] or backend == "real" else None
    )
    if given["lab_cpu"] is not None and not (backend == "real" and target and target.scheme == LAB):
        raise UsageProblem(
            f"{prefix}lab-cpu={given['lab_cpu']} has no meaning without a lab",
            f"Add {prefix}backend=real and {prefix}target=lab:LINE, or omit it",
        )
    if given["kernel"] is not None:
        from .data.revision import detect

        detect(given["kernel"])
    settings = Settings(
        backend,
        target,
        given["kernel"],
        given["topology"],
        _seconds(given["timeout"], prefix),
        Path(given["cache_dir"]) if given["cache_dir"] else None,
        given["lab_cpu"],
        base or Path(),
    )
    if settings.topology is not None:
        settings.board  # noqa: B018  # read for its errors: a bad file is found here
    return settings


def _seconds(text: str | None, prefix: str) -> float:
    if text is None:
        return Settings.seconds
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise UsageProblem(
            f"{prefix}timeout={text} is not a number of seconds", "Give more than 0, at most 3600"
        )
    return seconds
