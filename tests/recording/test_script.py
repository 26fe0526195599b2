"""Play scripts: Calls as JSON lines."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.recording import script
from pytest_kvmpmu.wire.call import Call

from ..wire.strategies import calls

HEADER = '{"kvmpmu-script": 1}'
VM = '{"call": "KVM_CREATE_VM", "on": "kvm", "cpu": 0, "new": "vm0"}'
VCPU = '{"call": "KVM_CREATE_VCPU", "on": "vm0", "cpu": 0, "new": "vcpu0", "id": 0}'
REGION = '{"call": "KVM_SET_USER_MEMORY_REGION", "on": "vm0", "cpu": 0, "payload": %s}'


def lines(*content: str) -> str:
    return "\n".join([HEADER, *content]) + "\n"


def test_a_script_is_a_header_and_one_call_per_line() -> None:
    made = [
        Call.make("KVM_CREATE_VM", "kvm", 0, "vm0"),
        Call.make("KVM_CREATE_VCPU", "vm0", 3, "vcpu0", id=0),
    ]
    text = script.dump(made)
    assert text.splitlines()[0] == HEADER
    assert [json.loads(line)["call"] for line in text.splitlines()[1:]] == [
        "KVM_CREATE_VM",
        "KVM_CREATE_VCPU",
    ]
    assert script.load(text, "here") == made


@settings(max_examples=25)
@given(st.lists(calls(), max_size=4))
def test_dump_writes_one_line_per_call(made: list[Call]) -> None:
    assert len(script.dump(made).splitlines()) == 1 + len(made)


def test_comments_and_empty_lines_are_passed_over() -> None:
    text = f"# how it began\n\n{HEADER}\n  # a VM\n\n{VM}\n \n"
    assert [call.new for call in script.load(text, "here")] == ["vm0"]


def test_a_script_of_no_calls_is_a_script() -> None:
    assert script.load(HEADER, "here") == []


def test_a_payload_that_there_is_may_be_named_or_left_out() -> None:
    text = lines(VM, REGION % '"cycle-counter"', REGION % "null")
    assert [call.args.get("payload") for call in script.load(text, "here")] == [
        None,
        "cycle-counter",
        None,
    ]


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ("", "here is empty", "A script begins with the line " + HEADER),
        ("\n# only a comment\n", "here is empty", "A script begins"),
        (VM, "here, line 1", "is not a script header"),
        ("[1]", "here, line 1", "is not a script header"),
        ("7", "here, line 1", "is not a script header"),
        ("{", "here, line 1", "is not JSON"),
        ('# a\n\n{"kvmpmu-script": 2}', "here, line 3", "script format 2 is unknown"),
        ('{"kvmpmu-script": "1"}', "here, line 1", "script format '1' is unknown"),
        ('{"kvmpmu-script": true}', "here, line 1", "script format True is unknown"),
        (lines(VM, "{nonsense"), "here, line 3", "is not JSON"),
        (lines(VM, "[" * 100_000), "here, line 3", "is not JSON"),
        (lines(VM, "[]"), "here, line 3", "a call is a JSON object"),
        (lines(VM.replace("E_VM", "E_VW")), "here, line 2", "'KVM_CREATE_VW' is not known"),
        (lines(VM, VCPU.replace(', "id": 0', "")), "here, line 3", "needs the argument 'id'"),
        (lines(VM.replace("}", ', "id": 0}')), "here, line 2", "has no argument 'id'"),
        (lines(VM, VCPU.replace('"id": 0', '"id": "0"')), "here, line 3", "id: '0' is neither"),
        (lines(VCPU), "here, line 2", "object 'vm0' does not exist. Objects so far: kvm"),
        (lines(VM, VCPU.replace("vm0", "vm1")), "here, line 3", "Objects so far: kvm, vm0"),
        (lines(VM, VM), "here, line 3", "object 'vm0' already exists"),
        (lines(VM, REGION % '"lost"'), "here, line 3", "unknown payload 'lost'"),
    ],
)
def test_what_is_no_script_is_refused_with_its_line(text: str, where: str, says: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        script.load(text, "here")
    said = str(caught.value)
    assert said.startswith(where)
    assert says in said
    assert "\n" not in said


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(UsageProblem):
        script.load(text, "here")


@given(st.text(max_size=40).filter(lambda text: text.strip() and not text.lstrip().startswith("#")))
def test_no_line_breaks_the_reader(text: str) -> None:
    with pytest.raises(UsageProblem, match=r"^here, line "):
        script.load(lines(text), "here")
