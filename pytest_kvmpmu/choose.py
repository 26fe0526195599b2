"""From settings to a backend and its target: ours, or another plugin's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import UsageProblem
from .extensions import NONE, Extensions, article
from .settings import Settings

if TYPE_CHECKING:
    from .backends.base import Backend
    from .targets.base import Target


def make_backend(settings: Settings, extensions: Extensions = NONE) -> Backend:
    """The requested backend.  Raises `UsageProblem` or `BackendFailure` if it is unavailable."""
    if settings.backend == "model":
        from .backends.model import ModelBackend

        return ModelBackend(settings.board, settings.kernel)
    if settings.backend == "replay":
        from .backends.replay import ReplayBackend

        return ReplayBackend(settings.base / str(settings.target), settings.kernel)
    if settings.backend in extensions.backends:
        return _others_backend(settings, extensions)
    from .backends.real import RealBackend

    chosen = make_target(settings, extensions)
    wanted = chosen.boots or settings.topology is not None
    board = chosen.fitted(settings.board) if wanted else None
    return RealBackend(chosen, settings.seconds, settings.kernel, board)


def make_target(settings: Settings, extensions: Extensions = NONE) -> Target:
    """The target with the real kernel.  Raises `UsageProblem` for an unknown name."""
    from .targets import target
    from .targets.base import Target

    place = settings.target
    assert place is not None  # `resolve` always sets it for the backend `real`
    if place.scheme not in extensions.targets or place.rest is None:
        return target(place, settings, [f"{scheme}:..." for scheme in extensions.targets])
    make, plugin = extensions.targets[place.scheme]
    made = make(place.rest, settings)
    if not isinstance(made, Target):
        raise UsageProblem(
            f"{plugin}: its target {place} is {article(made)}, not a Target",
            "Return an instance of a class derived from pytest_kvmpmu.targets.base.Target",
        )
    return made


def _others_backend(settings: Settings, extensions: Extensions) -> Backend:
    from .backends.base import Backend

    make, plugin = extensions.backends[settings.backend]
    made = make(settings)
    if not isinstance(made, Backend):
        raise UsageProblem(
            f"{plugin}: its backend {settings.backend!r} is {article(made)}, not a Backend",
            "pytest_kvmpmu.testing.check_backend says what a backend must do",
        )
    return made
