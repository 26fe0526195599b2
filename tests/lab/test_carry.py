"""A prepared lab carried from one cache to another."""

from __future__ import annotations

import argparse
import contextlib
import errno
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu import lab
from pytest_kvmpmu.commands.lab import carry as command
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import LabFailure, bundle, carry, lines, recipe, start, stock
from pytest_kvmpmu.lab.cache import Cache, Entry
from pytest_kvmpmu.lab.stock import Stock

from .conftest import BOARD, LINE, share
from .test_cache import another_run_holds

OTHER = lines.names()[1]
PLACES = {
    LINE: "kernels/00000000000000aa",
    OTHER: "kernels/00000000000000bb",
    recipe.USERSPACE: "user-space/00000000000000cc",
}
BYTECODE = "bytecode/00000000000000cc"
FILES = {"kernels": "Image", "user-space": "base.cpio", "bytecode": "bytecode.cpio"}

Made = Callable[[Path], None]


def put(cache: Cache, place: str, content: bytes = b"content") -> Entry:
    def build(folder: Path) -> dict[str, Any]:
        (folder / FILES[place.partition("/")[0]]).write_bytes(content + place.encode())
        return {"release": f"release of {place[-2:]}", "packages": ["p 1"]}

    return cache.make(place, build)


@pytest.fixture
def here(tmp_path: Path) -> Cache:
    """A cache with two lines, whose machines are not started by `export`."""
    cache = Cache(tmp_path / "here")
    for place in (*PLACES.values(), BYTECODE):
        put(cache, place)
    for name, also in stock.also_keys().items():
        if name in PLACES:
            cache.note(f"current/{name}.json", {"place": PLACES[name], "also": also})
    return cache


@pytest.fixture
def there(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "there")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines that had to answer, and on what."""
    names: list[str] = []

    class Machine:
        def close(self) -> None:
            pass

    def start(line: str, host: Any, *, cpu: str | None = None, **_: Any) -> Machine:
        names.append(f"{line} on {host.name}" + (f" with {cpu}" if cpu else ""))
        return Machine()

    monkeypatch.setattr(carry, "start", start)
    monkeypatch.setattr(lab, "start", start)
    return names


@pytest.fixture
def file(here: Cache, started: list[str], tmp_path: Path) -> Path:
    path = tmp_path / "lab.tar.gz"
    carry.export(path, [], BOARD, cache_dir=here.root.parent, progress=lambda _: None)
    return path


def take(path: Path, cache: Cache, said: list[str] | None = None) -> list[str]:
    progress = said.append if said is not None else lambda _: None
    return carry.import_(path, cache_dir=cache.root.parent, progress=progress)


def test_all_that_is_prepared_comes_over(
    file: Path, here: Cache, there: Cache, started: list[str], said: list[str]
) -> None:
    assert started == [f"{LINE} on pair", f"{OTHER} on pair"]
    assert take(file, there, said) == [LINE, OTHER]
    for place in (*PLACES.values(), BYTECODE):
        mine, theirs = there.find(place), here.find(place)
        assert mine is not None
        assert theirs is not None
        assert (mine.about, mine.sums) == (theirs.about, theirs.sums)
    assert list(there.root.glob("scratch/*")) == []
    assert said[-1] == (
        f"imported the lines {LINE} (release of aa), {OTHER} (release of bb) and the user space"
    )


def test_what_was_imported_is_current_without_a_mirror(
    file: Path, there: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    take(file, there)
    monkeypatch.setenv("PATH", str(tmp_path))
    kept = Stock(there, lambda _: None)
    assert kept.kernel(lines.load(LINE)).about["release"] == "release of aa"
    assert kept.userspace().file(stock.BASE).read_bytes().startswith(b"content")


def test_one_line_can_be_chosen(
    here: Cache, there: Cache, started: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "one.tar.gz"
    carry.export(path, [OTHER, OTHER], BOARD, cache_dir=here.root.parent)
    assert started == [f"{OTHER} on pair"]
    assert take(path, there) == [OTHER]
    assert there.find(PLACES[LINE]) is None


def test_lines_that_share_a_kernel_carry_it_once(
    here: Cache, there: Cache, started: list[str], tmp_path: Path
) -> None:
    also = stock.also_keys()[OTHER]
    here.note(f"current/{OTHER}.json", {"place": PLACES[LINE], "also": also})
    path = tmp_path / "shared.tar.gz"
    carry.export(path, [LINE, OTHER], BOARD, cache_dir=here.root.parent)
    assert take(path, there) == [LINE, OTHER]


def test_a_lab_without_bytecode_comes_over_without(
    here: Cache, there: Cache, started: list[str], tmp_path: Path
) -> None:
    compiled = here.find(BYTECODE)
    assert compiled is not None
    here.drop(compiled)
    carry.export(tmp_path / "x", [LINE], BOARD, cache_dir=here.root.parent)
    assert take(tmp_path / "x", there) == [LINE]
    assert there.find(BYTECODE) is None


def test_nothing_prepared_is_nothing_to_export(there: Cache, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=f"no line is prepared in .*: {LINE}"):
        carry.export(tmp_path / "x", [], BOARD, cache_dir=there.root.parent)


def test_a_kernel_of_ones_own_is_a_file_already(here: Cache, tmp_path: Path) -> None:
    image = tmp_path / "Image"
    image.touch()
    with pytest.raises(UsageProblem, match="is a kernel of your own, and a file already"):
        carry.export(tmp_path / "x", [str(image)], BOARD, cache_dir=here.root.parent)


def test_a_line_that_does_not_answer_is_not_exported(
    here: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(*_: Any, **__: Any) -> None:
        raise LabFailure("the lab VM died")

    monkeypatch.setattr(carry, "start", start)
    with pytest.raises(LabFailure, match="died"):
        carry.export(tmp_path / "x", [], BOARD, cache_dir=here.root.parent)
    assert not (tmp_path / "x").exists()


def test_a_damaged_entry_is_not_exported(here: Cache, started: list[str], tmp_path: Path) -> None:
    entry = here.find(PLACES[LINE])
    assert entry is not None
    content = entry.file("Image").read_bytes()
    entry.file("Image").write_bytes(b"C" + content[1:])
    with pytest.raises(UsageProblem, match=r"Image is damaged\. Remove .*00aa"):
        carry.export(tmp_path / "x", [], BOARD, cache_dir=here.root.parent)
    assert not (tmp_path / "x").exists()


def test_an_entry_that_another_run_replaces_meanwhile_is_not_exported(
    here: Cache, started: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextlib.contextmanager
    def late(cache: Cache, progress: Any) -> Iterator[None]:
        put(cache, PLACES[LINE])
        yield

    monkeypatch.setattr(carry, "_locked", late)
    with pytest.raises(LabFailure, match=r"another run changed .*00aa meanwhile; try again"):
        carry.export(tmp_path / "x", [], BOARD, cache_dir=here.root.parent)
    assert not (tmp_path / "x").exists()


# What is there already.


def test_an_entry_that_is_there_whole_is_left_alone(file: Path, there: Cache) -> None:
    before = put(there, PLACES[LINE])
    take(file, there)
    now = there.find(PLACES[LINE])
    assert now is not None
    assert now.nonce == before.nonce


def test_an_entry_that_is_there_damaged_is_replaced(file: Path, there: Cache) -> None:
    before = put(there, PLACES[LINE])
    before.file("Image").write_bytes(b"C" + before.file("Image").read_bytes()[1:])
    take(file, there)
    now = there.find(PLACES[LINE])
    assert now is not None
    assert now.whole("Image")


def test_a_second_import_changes_nothing(file: Path, there: Cache) -> None:
    take(file, there)
    before = [there.find(place) for place in PLACES.values()]
    take(file, there)
    assert [there.find(place) for place in PLACES.values()] == before


def test_a_damaged_file_leaves_the_cache_as_it_was(file: Path, there: Cache) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:-20])
    with pytest.raises(UsageProblem, match="cut off or damaged"):
        take(file, there)
    left = [path for path in there.root.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert left == []


def test_an_import_waits_for_a_run_that_prepares_the_same(file: Path, there: Cache) -> None:
    with another_run_holds(there, "packages") as child:
        said: list[str] = []

        def progress(text: str) -> None:
            said.append(text)
            if text.startswith("waiting"):
                assert list(there.root.glob("kernels/*")) == []
                assert child.stdin is not None
                child.stdin.close()

        carry.import_(file, cache_dir=there.root.parent, progress=progress)
    assert "waiting for another run that prepares packages" in said
    assert there.find(PLACES[LINE]) is not None


def test_two_imports_at_once_both_succeed(file: Path, there: Cache) -> None:
    script = (
        "import sys, pathlib\n"
        "from pytest_kvmpmu.lab import carry\n"
        "carry.import_(pathlib.Path(sys.argv[1]), cache_dir=pathlib.Path(sys.argv[2]))\n"
    )
    command = [sys.executable, "-c", script, str(file), str(there.root.parent)]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    ended = [child.communicate()[1] for child in both]
    assert [child.returncode for child in both] == [0, 0], ended
    for place in PLACES.values():
        entry = there.find(place)
        assert entry is not None
        assert all(map(entry.whole, entry.sums))


def test_too_little_space_is_told_before_anything_is_unpacked(
    file: Path, there: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def need(self: Cache, megabytes: int, what: str) -> None:
        raise UsageProblem(f"{what} needs {megabytes} MB", "Free some")

    monkeypatch.setattr(Cache, "need", need)
    with pytest.raises(UsageProblem, match=r"importing lab\.tar\.gz needs 1 MB"):
        take(file, there)


def test_a_disk_that_fills_up_is_the_labs_own_error(
    file: Path, there: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(bundle, "_copy", full)
    with pytest.raises(UsageProblem, match="no space left for the lab"):
        take(file, there)
    assert there.find(PLACES[LINE]) is None
    assert list(there.root.glob("scratch/*")) == []


# Files of another version.


def exported(here: Cache, path: Path, **change: Any) -> Path:
    """A bundle of the user space and one line whose manifest says something else."""
    kept = Stock(here, lambda _: None)
    entries = {LINE: kept.kernel(lines.load(LINE)), recipe.USERSPACE: kept.userspace()}
    found = carry._bundle(here, entries, lambda _: None)
    made = bundle.Bundle(
        change.get("current", found.current), change.get("parts", found.parts), "0.0.9"
    )
    bundle.write(path, made, here.root, lambda _: None)
    return path


def test_another_user_space_than_this_version_makes_is_refused(
    here: Cache, there: Cache, tmp_path: Path
) -> None:
    current = {
        LINE: {"place": PLACES[LINE], "also": stock.also_keys()[LINE]},
        recipe.USERSPACE: {"place": PLACES[recipe.USERSPACE], "also": "older"},
    }
    path = exported(here, tmp_path / "x", current=current)
    with pytest.raises(UsageProblem) as caught:
        take(path, there)
    assert "made for another user space" in caught.value.cause
    assert "Use pytest-kvmpmu 0.0.9 here" in caught.value.remedy
    assert there.find(PLACES[LINE]) is None


def test_a_line_that_this_version_does_not_know_is_refused(
    here: Cache, there: Cache, tmp_path: Path
) -> None:
    path = exported(here, tmp_path / "x", current={"9.9": {"place": PLACES[LINE], "also": "x"}})
    with pytest.raises(UsageProblem, match=r"has '9\.9', a kernel line that pytest-kvmpmu"):
        take(path, there)


def keyed(**places: str) -> dict[str, dict[str, str]]:
    keys = stock.also_keys()
    names = {"line": LINE, "space": recipe.USERSPACE}
    return {names[n]: {"place": place, "also": keys[names[n]]} for n, place in places.items()}


@pytest.mark.parametrize(
    "current",
    [
        {},
        keyed(line=PLACES[LINE]),
        keyed(space=PLACES[recipe.USERSPACE]),
        keyed(line=PLACES[recipe.USERSPACE], space=PLACES[recipe.USERSPACE]),
    ],
    ids=["nothing", "no user space", "no kernel", "a user space for a kernel"],
)
def test_half_a_lab_is_refused(here: Cache, there: Cache, tmp_path: Path, current: Any) -> None:
    path = exported(here, tmp_path / "x", current=current)
    with pytest.raises(UsageProblem, match="has not what a lab needs"):
        take(path, there)


def test_entries_of_other_files_are_refused(here: Cache, there: Cache, tmp_path: Path) -> None:
    def build(folder: Path) -> dict[str, Any]:
        (folder / "Image").touch()
        (folder / "more").touch()
        return {"release": "x"}

    here.make(PLACES[LINE], build)
    path = exported(here, tmp_path / "x")
    with pytest.raises(UsageProblem, match="has not what a lab needs"):
        take(path, there)


# The commands.


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    return parser.parse_args(arguments)


def test_the_commands_carry_a_lab(
    here: Cache, there: Cache, started: list[str], tmp_path: Path
) -> None:
    path = str(tmp_path / "lab.tar.gz")
    folders = [str(cache.root.parent) for cache in (here, there)]
    export = parsed("export", path, LINE, "--topology", "one-pmu", "--cache-dir", folders[0])
    assert export.run(export) == 0
    assert started == [f"{LINE} on one-pmu"]
    take = parsed("import", path, "--cache-dir", folders[1])
    assert take.run(take) == 0
    assert there.find(PLACES[LINE]) is not None


def test_an_export_tries_the_cores_that_are_asked_for(
    here: Cache, started: list[str], tmp_path: Path
) -> None:
    folder = str(here.root.parent)
    args = parsed("export", str(tmp_path / "x"), LINE, "--cpu=cortex-a76", "--cache-dir", folder)
    assert args.run(args) == 0
    assert started == [f"{LINE} on rockpro64 with cortex-a76"]


def test_an_import_can_make_the_snapshots_too(file: Path, there: Cache, started: list[str]) -> None:
    started.clear()
    boot, folder = ["--topology", "no-pmu", "--cpu", "max"], str(there.root.parent)
    args = parsed("import", str(file), *boot, "--cache-dir", folder)
    assert args.run(args) == 0
    assert started == [f"{LINE} on no-pmu with max", f"{OTHER} on no-pmu with max"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--cpu", "max"], "--cpu max has no meaning for an import that boots nothing"),
        (["--topology", "armv8-1"], "armv8-1 is a board for the model"),
    ],
)
def test_an_import_that_could_not_boot_takes_nothing(
    arguments: list[str], says: str, file: Path, there: Cache
) -> None:
    args = parsed("import", str(file), *arguments, "--cache-dir", str(there.root.parent))
    with pytest.raises(UsageProblem, match=says):
        args.run(args)
    assert there.find(PLACES[LINE]) is None


def test_an_unknown_line_or_board_is_refused_before_anything_is_done(
    here: Cache, started: list[str], tmp_path: Path
) -> None:
    for arguments in (["x", "4.4"], ["x", LINE, "--topology", "none"]):
        args = parsed("export", *arguments, "--cache-dir", str(here.root.parent))
        with pytest.raises(UsageProblem, match="unknown"):
            args.run(args)
    assert started == []


@pytest.mark.lab
def test_a_lab_that_was_carried_over_runs_without_apt_and_dpkg(
    stocked: Cache,
    there: Cache,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    host_with: Callable[..., Path],
    said: list[str],
) -> None:
    root = share(stocked, tmp_path / "from")
    path = tmp_path / "lab.tar.gz"
    carry.export(path, [LINE], BOARD, cache_dir=root, progress=said.append)
    monkeypatch.setenv("PATH", str(host_with("qemu-system-aarch64", "setpriv", "sh")))
    said.clear()
    take(path, there, said)
    with start(LINE, BOARD, cache_dir=there.root.parent, progress=said.append) as vm:
        assert vm.kernel_release.startswith(f"{LINE}.")
    assert any(text.startswith("booting ") for text in said)
    assert not any("compile" in text or "package" in text for text in said)
    with start(LINE, BOARD, cache_dir=there.root.parent) as vm:
        assert vm.was_warm
