"""Whether a spec of a name exists, read from the source: nothing is imported or run.

Not for: parameters; only a run knows them.
"""

from __future__ import annotations

import ast
from pathlib import Path

from ..errors import UsageProblem, unknown
from ..support.resources import conformance_dir


def known_spec(name: str, root: Path) -> None:
    """Raises `UsageProblem` if no spec has that name: ``conformance/test_x.py::test_y[3]``.

    The names of other specs than ours are node ids, relative to ``root``.
    """
    if any(sign in name.partition("[")[0] for sign in "*?"):
        raise UsageProblem(f"{name!r} is too broad: it is a pattern", "Name one spec, or a clause")
    file, colons, inner = name.partition("::")
    if not colons:
        raise UsageProblem(
            f"{name!r} is too broad: it is a file's name"
            if file.endswith(".py")
            else f"{name!r} is not a spec's name",
            "Write it like conformance/test_vcpu_1_4_set_pmu.py::test_get_is_refused",
        )
    specs = conformance_dir()
    inside = specs.parent / file
    path = inside if Path(file).parts[:1] == (specs.name,) and inside.is_file() else root / file
    if not path.is_file():
        near = [f"{specs.name}/{p.relative_to(specs).as_posix()}" for p in specs.rglob("test_*.py")]
        raise unknown("spec file", file, sorted(near))
    # A class may inherit its methods, so only the class is looked up.
    wanted = inner.partition("[")[0].partition("::")[0]
    if path.suffix == ".py" and wanted not in (found := _defined(path)):
        raise unknown(
            f"spec in {file}:", wanted, [n for n in found if n.lower().startswith("test")]
        )


def _defined(path: Path) -> list[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return [node.name for node in ast.walk(tree) if isinstance(node, kinds)]
