"""What other plugins add: calls their hooks, checks the results, and keeps them by name.

Not for: what the hooks return (`hooks`), or how it is used (`choose`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import UsageProblem
from .hooks import MakeBackend, MakeTarget
from .settings import BACKENDS

if TYPE_CHECKING:
    import pluggy

    from .spec.catalogue import Source

# The entry point group that the ``kvmpmu`` program loads.
GROUP = "kvmpmu"

HOOKS = ("pytest_kvmpmu_backends", "pytest_kvmpmu_targets", "pytest_kvmpmu_clauses")
_NONE: Mapping[str, Any] = {}
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Extensions(NamedTuple):
    """Makers of backends and targets by name, each with its plugin; sources of clauses."""

    backends: Mapping[str, tuple[MakeBackend, str]] = _NONE
    targets: Mapping[str, tuple[MakeTarget, str]] = _NONE
    clauses: tuple[Source, ...] = ()


NONE = Extensions()


def declare(manager: pluggy.PluginManager) -> None:
    """Declare the hooks.  Raises `UsageProblem` if an implementation does not match its hook."""
    import pluggy

    from . import hooks

    try:
        manager.add_hookspecs(hooks)
    except pluggy.PluginValidationError as error:
        raise UsageProblem(
            ": ".join(str(error).splitlines()),
            "Define it as in pytest_kvmpmu.hooks, without arguments",
        ) from error


def count(manager: pluggy.PluginManager) -> int:
    """The number of hook implementations."""
    return sum(len(getattr(manager.hook, hook).get_hookimpls()) for hook in HOOKS)


def collect(manager: pluggy.PluginManager) -> Extensions:
    """What the plugins of ``manager`` add.  Raises `UsageProblem` that names a faulty plugin."""
    if not count(manager):
        return NONE
    from .targets import schemes

    backends = _by_name(manager, HOOKS[0], dict.fromkeys(BACKENDS, "pytest-kvmpmu"))
    targets = _by_name(manager, HOOKS[1], dict.fromkeys(schemes(), "pytest-kvmpmu"))
    return Extensions(backends, targets, tuple(_sources(manager)))


def installed() -> Extensions:
    """What the entry points of the group ``kvmpmu`` add: for the program, without pytest."""
    import importlib.metadata

    import pluggy

    from . import hooks

    class Manager(pluggy.PluginManager):
        """Recognises an implementation by its function name, as pytest's manager does."""

        def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
            found = super().parse_hookimpl_opts(plugin, name)
            undecorated: Any = {} if name in HOOKS else None
            return found or undecorated

        def parse_hookspec_opts(self, module: Any, name: str) -> pluggy.HookspecOpts | None:
            spec: Any = {} if name in HOOKS else None
            return super().parse_hookspec_opts(module, name) or spec

    manager = Manager("pytest")
    manager.add_hookspecs(hooks)
    for point in importlib.metadata.entry_points(group=GROUP):
        where = f"plugin {point.name!r} (entry point {point.value})"
        try:
            manager.register(point.load(), point.name)
        except Exception as error:  # another project's module may raise anything
            text = ": ".join(str(error).splitlines())
            raise UsageProblem(
                f"{where} can't be loaded: {type(error).__name__}: {text}",
                "Fix or uninstall it",
            ) from error
    return collect(manager)


def _called(manager: pluggy.PluginManager, hook: str) -> Iterator[tuple[str, Any]]:
    """For each implementation, in loading order: a text naming its plugin, and what it returns."""
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        where = f"plugin {implementation.plugin_name!r}, {hook}"
        try:
            returned = implementation.function()
        except Exception as error:  # another project's function may raise anything
            raise UsageProblem(
                f"{where} raises {type(error).__name__}: {error}",
                "Fix that plugin, or run without it",
            ) from error
        if returned is not None:
            yield where, returned


def _by_name(
    manager: pluggy.PluginManager, hook: str, taken: dict[str, str]
) -> dict[str, tuple[Any, str]]:
    found: dict[str, tuple[Any, str]] = {}
    for where, returned in _called(manager, hook):
        if not isinstance(returned, Mapping):
            raise UsageProblem(
                f"{where} returns {article(returned)}", "Return a mapping of names to functions"
            )
        for name, make in returned.items():
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise UsageProblem(
                    f"{where}: {name!r} is not a valid name",
                    "Use lower-case words joined by hyphens",
                )
            if name in taken:
                raise UsageProblem(
                    f"{where}: {name!r} already exists, from {taken[name]}", "Use another name"
                )
            if not callable(make):
                raise UsageProblem(
                    f"{where}: {name!r} is {article(make)}", "Give a function that makes it"
                )
            taken[name] = where
            found[name] = (make, where)
    return found


def _sources(manager: pluggy.PluginManager) -> Iterator[Source]:
    taken: dict[str, str] = {}
    for where, returned in _called(manager, HOOKS[2]):
        from .spec import catalogue, lint

        if not taken:
            taken.update(dict.fromkeys(catalogue.load(catalogue.PATH), catalogue.SHIPPED))
        source = returned
        right = isinstance(source, catalogue.Source) and isinstance(source.clauses, Path)
        if not right or not isinstance(source.unspecified, (Path, type(None))):
            raise UsageProblem(
                f"{where} returns {article(returned)}",
                "Return a pytest_kvmpmu.spec.catalogue.Source of paths",
            )
        try:
            wrong = lint.of_source(source)
        except (OSError, ValueError) as error:
            raise UsageProblem(f"{where}: {source.clauses}: {error}", "Fix that file") from error
        if wrong:
            raise UsageProblem(
                f"{where}: {source.clauses}: {wrong[0]}",
                "pytest_kvmpmu.testing.check_clauses lists all errors",
            )
        for slug in catalogue.load(source.clauses):
            if slug in taken:
                raise UsageProblem(
                    f"{where}: the clause {slug!r} already exists, from {taken[slug]}",
                    "Use another slug",
                )
            taken[slug] = where
        yield source._replace(owner=where)


def article(value: object) -> str:
    """A value and its type, for a message about what a plugin returned."""
    return f"{value!r:.80} ({type(value).__name__})"
