"""The page on other hosts: its commands parse, its packages and variables are the code's."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from pytest_kvmpmu import commands
from pytest_kvmpmu.lab.archive import choose, mirror, release
from pytest_kvmpmu.lab.host import requirements

PAGE = (Path(__file__).parents[3] / "docs/lab-elsewhere.md").read_text()


def lines(program: str) -> list[list[str]]:
    """The arguments of each command of that program in the page's shell blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    commands = [shlex.split(line, comments=True) for text in blocks for line in text.splitlines()]
    return [words[1:] for words in commands if words[:1] == [program]]


@pytest.mark.parametrize("arguments", lines("kvmpmu"), ids=" ".join)
def test_each_command_of_the_page_is_one(arguments: list[str]) -> None:
    args = commands.parser().parse_args(arguments)
    assert callable(args.run)


def test_the_variables_of_the_page_are_those_that_are_read() -> None:
    assert set(re.findall(r"KVMPMU_LAB_\w+", PAGE)) == {
        mirror.MIRROR_VARIABLE,
        choose.FETCH_VARIABLE,
        requirements.KEYRING_VARIABLE,
        release.CHECK_VARIABLE,
    }


@pytest.mark.parametrize("system", [name for name in requirements.INSTALLERS if name != "Debian"])
def test_the_remedy_for_a_missing_program_is_what_the_page_installs(system: str) -> None:
    program, *verb = requirements.INSTALLERS[system].split()
    (installed,) = lines(program)
    assert installed[: len(verb)] == verb
    wanted = set()
    for needed in (requirements.QEMU, "setpriv", "gpgv", requirements.KEYRING):
        found = re.search(rf"`{program} {' '.join(verb)} (\S+)`", requirements.remedy(needed))
        wanted |= {found[1]} if found else set()
    assert wanted == set(installed[len(verb) :])
