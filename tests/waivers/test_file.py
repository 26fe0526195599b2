"""The waiver file: valid entries, and one clear error for each bad one."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.waivers.file import Waiver, parse, read

ENTRY = {
    "spec": '"conformance/test_vcpu_1_4_set_pmu.py::test_get_is_refused"',
    "errno": '"EPERM"',
    "reason": '"the vendor refuses it sooner"',
    "link": '"https://bugs.example.org/7"',
}


def entry(**changes: str | None) -> str:
    """An entry as TOML, with keys added, changed, or omitted if None."""
    keys = {**ENTRY, **changes}
    return "[[waiver]]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items() if v is not None)


def one(tmp_path: Path, text: str) -> Waiver:
    (found,) = parse(text, "waivers.toml", tmp_path)
    return found


def test_an_entry_has_what_its_keys_say(tmp_path: Path) -> None:
    more = {"kernel": '">=6.1, <6.7"', "board": '"rockpro64"', "expires": "2027-03-31"}
    found = one(tmp_path, "# a word\n" + entry(**more))
    assert found.place == "waivers.toml:2"
    assert (found.errno, found.board) == ("EPERM", "rockpro64")
    assert found.expires == datetime.date(2027, 3, 31)
    assert str(found) == (
        "waivers.toml:2 (conformance/test_vcpu_1_4_set_pmu.py::test_get_is_refused)"
    )


def test_a_clause_and_a_message_do_as_well(tmp_path: Path) -> None:
    text = entry(spec=None, errno=None, clause='"irq.set"', message='"assert 3 == 4"')
    found = one(tmp_path, text)
    assert (found.clause, found.message) == ("irq.set", "assert 3 == 4")


def test_a_date_may_be_a_text(tmp_path: Path) -> None:
    assert one(tmp_path, entry(expires='"2027-03-31"')).expires == datetime.date(2027, 3, 31)


def test_a_file_without_entries_waives_nothing(tmp_path: Path) -> None:
    assert parse("# none yet\n", "waivers.toml", tmp_path) == ()


def test_an_entry_expires_after_its_last_day(tmp_path: Path) -> None:
    found = one(tmp_path, entry(expires="2027-03-31"))
    assert not found.expired(datetime.date(2027, 3, 31))
    assert found.expired(datetime.date(2027, 4, 1))
    assert not one(tmp_path, entry()).expired(datetime.date(2099, 1, 1))


@pytest.mark.parametrize(
    ("message", "fits", "fits_not"),
    [
        ("assert 3 == 4", ["assert 3 == 4"], ["assert 3 == 45", "an assert 3 == 4"]),
        ("assert ... == four", ["assert 3 == four", "assert  == four"], ["assert 3 == five"]),
        ("a (plain) text.", ["a (plain) text."], ["a plain text."]),
    ],
)
def test_a_message_is_the_whole_line_but_for_three_dots(
    message: str, fits: list[str], fits_not: list[str]
) -> None:
    found = Waiver("x", message=message)
    assert [text for text in fits if not found.expects("", text)] == []
    assert [text for text in fits_not if found.expects("", text)] == []


def test_an_errno_is_looked_at_alone() -> None:
    found = Waiver("x", errno="EPERM")
    assert found.expects("EPERM", "whatever")
    assert not found.expects("EIO", "whatever")
    assert not found.expects("", "EPERM")


def test_a_spec_without_parameters_means_all_of_them() -> None:
    found = Waiver("x", spec="a.py::test_b")
    assert found.covers("a.py::test_b", ())
    assert found.covers("a.py::test_b[1]", ())
    assert not found.covers("a.py::test_bc", ())
    assert not Waiver("x", spec="a.py::test_b[1]").covers("a.py::test_b[2]", ())


@pytest.mark.parametrize(
    ("kernel", "board", "meant"),
    [("6.1.9", "rockpro64", True), ("6.1.9", "x", False), ("6.2.0", "rockpro64", False)],
)
def test_an_entry_is_for_its_kernels_and_board(
    tmp_path: Path, kernel: str, board: str, meant: bool
) -> None:
    found = one(tmp_path, entry(kernel='"==6.1"', board='"rockpro64"'))
    assert found.is_for(kernel, board) is meant


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"resaon": '"x"'}, "waivers.toml:6: unknown key 'resaon'. Did you mean 'reason'?"),
        ({"reason": None}, "waivers.toml:1 has no reason"),
        ({"reason": '""'}, "waivers.toml:4: reason is empty or not a string"),
        ({"reason": "3"}, "waivers.toml:4: reason is empty or not a string"),
        ({"link": None}, "waivers.toml:1 has no link"),
        ({"link": '"bug 7"'}, "waivers.toml:5: link: 'bug 7' is not an http(s) address"),
        ({"spec": None}, "waivers.toml:1 has neither spec nor clause"),
        ({"clause": '"irq.set"'}, "waivers.toml:1 has both spec and clause"),
        ({"errno": None}, "waivers.toml:1 has neither errno nor message"),
        ({"message": '"a b"'}, "waivers.toml:1 has both errno and message"),
        ({"errno": '"EBANANA"'}, "waivers.toml:3: errno: 'EBANANA' is not an errno"),
        ({"expires": '"soon"'}, "waivers.toml:6: expires: 'soon' is not a date"),
        ({"expires": "3"}, "waivers.toml:6: expires: '3' is not a date"),
        ({"expires": "2027-03-31T10:00:00"}, "is not a date"),
        ({"kernel": '"6.x"'}, "waivers.toml:6: kernel: '6.x' is not a range of kernels"),
        ({"kernel": '">=6.7, <6.1"'}, "waivers.toml:6: kernel: no kernel is in the range"),
        (
            {"spec": None, "clause": '"irq.sett"'},
            "waivers.toml:5: clause: unknown clause 'irq.sett'. Did you mean 'irq.set'?",
        ),
        ({"spec": None, "clause": '"create-vm"'}, "no spec cites 'create-vm'"),
        (
            {"spec": '"conformance/test_vcpu_1_4_set_pmu.py::test_get_is_refusd"'},
            "waivers.toml:2: spec: unknown spec in conformance/test_vcpu_1_4_set_pmu.py:"
            " 'test_get_is_refusd'. Did you mean 'test_get_is_refused'?",
        ),
        (
            {"spec": '"conformance/test_vcpu_1_4_set_pm.py::test_x"'},
            "Did you mean 'conformance/test_vcpu_1_4_set_pmu.py'?",
        ),
        ({"spec": '"mine.py::test_x"'}, "unknown spec file 'mine.py'"),
        ({"spec": '"conformance/test_two_vms.py"'}, "is too broad: it is a file's name"),
        ({"spec": '"conformance/*::test_x"'}, "is too broad: it is a pattern"),
        ({"spec": '"everything"'}, "'everything' is not a spec's name"),
        ({"errno": None, "message": '"..."'}, "'...' is too broad"),
        ({"errno": None, "message": '"assert ..."'}, "is too broad"),
    ],
)
def test_what_cannot_be_right_is_told_with_its_place(
    changes: dict[str, str | None], says: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageProblem) as caught:
        parse(entry(**changes), "waivers.toml", tmp_path)
    assert says in str(caught.value)
    assert str(caught.value).startswith("waivers.toml:")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[waiver]\n", "waivers.toml is not TOML: "),
        ("[[waivers]]\n", "waivers.toml: unknown key 'waivers'. Did you mean 'waiver'?"),
        ("waiver = 3\n", "waivers.toml: waiver is not an array of tables"),
        ("[waiver]\n", "waivers.toml: waiver is not an array of tables"),
        ("waiver = [3]\n", "waivers.toml: waiver is not an array of tables"),
        ("waiver = [{errno = 'EIO'}]\n", "waivers.toml: waiver 1 has neither spec nor clause"),
    ],
)
def test_a_file_of_another_form_is_refused(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem) as caught:
        parse(text, "waivers.toml", tmp_path)
    assert says in str(caught.value)


def test_the_second_entrys_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"^waivers\.toml:9: errno: "):
        parse(entry() + "\n" + entry(errno='"EX"'), "waivers.toml", tmp_path)


def test_a_spec_of_the_users_own_starts_at_pytests_root(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("class TestAll:\n    def test_x(self): pass\n")
    assert one(tmp_path, entry(spec='"test_mine.py::TestAll::test_x"')).spec
    with pytest.raises(UsageProblem, match=r"unknown spec in test_mine\.py: 'test_y'"):
        one(tmp_path, entry(spec='"test_mine.py::test_y"'))


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "No such file"), ("", "Is a directory"), (b"\xff", "it is not UTF-8")],
)
def test_a_file_that_cannot_be_read_is_named(
    content: bytes | str | None, why: str, tmp_path: Path
) -> None:
    path = tmp_path / "w.toml"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        path.mkdir()
    with pytest.raises(UsageProblem, match=rf"w\.toml cannot be read: {why}"):
        read(path, tmp_path)
