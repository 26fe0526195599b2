"""A search for sequences on which a backend disagrees with the model or breaks a law."""

from __future__ import annotations

import json
from collections.abc import Sequence as Listed
from pathlib import Path

import hypothesis
from hypothesis.stateful import run_state_machine_as_test

from ..backends.base import Backend
from ..errors import BackendFailure
from ..model.compare import Answers, disagreement
from ..recording import script
from ..uapi import constants as k
from ..wire.call import Call
from ..wire.outcome import Outcome
from .laws import Law, Ran
from .machine import Judge, Machine
from .reach import Reach
from .world import Sequence, Setting

# Rules in a sequence after its set-up; most issue one call, some several.
_STEPS = 16


class Search:
    """Searches on ``backend``; writes a finding to the file ``found`` and raises AssertionError.

    ``examples`` is the number of sequences.  If ``seeded`` they depend on pytest's
    ``--hypothesis-seed``, otherwise they are the same each time.
    """

    def __init__(self, backend: Backend, examples: int, seeded: bool, found: Path) -> None:
        self._backend = backend
        self._found = found
        self._setting = Setting(backend.host, backend.revision, _answers(backend))
        self._settings = hypothesis.settings(
            max_examples=examples,
            stateful_step_count=_STEPS,
            derandomize=not seeded,
            database=None,
            deadline=None,
            print_blob=False,
            report_multiple_bugs=False,
            verbosity=hypothesis.Verbosity.quiet,
            # A lab is slow, and these sequences are large.
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        self.reach = Reach()
        self._broken: BackendFailure | None = None

    def against_the_model(self) -> None:
        """Every Outcome must be one that the model allows."""

        def judge(sequence: Sequence) -> None:
            found = self._ask(sequence.calls)
            self.reach.add(sequence.calls, found)
            for place, call in enumerate(sequence.calls):
                why = disagreement(call, sequence.outcomes[place], found[place])
                if why:
                    self._fail(sequence.calls, sequence.outcomes, found, place, f"model: {why}")

        self._run(judge)

    def against(self, law: Law) -> None:
        """Every variant that ``law`` makes of a sequence must have the outcomes it requires."""

        def judge(sequence: Sequence) -> None:
            outcomes = self._ask(sequence.calls)
            self.reach.add(sequence.calls, outcomes)
            variant = law(Ran(sequence.calls, outcomes, self._backend.revision))
            calls = [call for call, _ in variant]
            found = self._ask(calls)
            expected = [found[n] if p is None else outcomes[p] for n, (_, p) in enumerate(variant)]
            for place, call in enumerate(calls):
                why = disagreement(call, expected[place], found[place])
                if why:
                    self._fail(calls, expected, found, place, f"{law.__name__}: {why}")

        self._run(judge)

    def _run(self, judge: Judge) -> None:
        self._found.unlink(missing_ok=True)
        setting = self._setting

        class Bound(Machine):
            def __init__(self) -> None:
                super().__init__(setting, judge)

        try:
            run_state_machine_as_test(Bound, settings=self._settings)
        finally:
            if self._broken is not None:
                raise self._broken from None

    def _ask(self, calls: Listed[Call]) -> list[Outcome]:
        """The backend's outcomes.  After a failure it is not asked again; its calls are written.

        Hypothesis would shrink, and a broken kernel takes minutes for each try.
        """
        if self._broken is not None:
            raise self._broken
        try:
            (outcomes,) = self._backend.apart([calls])
        except BackendFailure as failure:
            text = f"{script.dump(calls)}\n# {self._backend.release}: no answer to these calls\n"
            self._found.write_text(text, encoding="utf-8")
            text = f"{failure}\nThe calls are in {self._found}, for kvmpmu play"
            self._broken = BackendFailure(text)
            raise self._broken from failure
        return outcomes

    def _fail(
        self,
        calls: Listed[Call],
        expected: Listed[Outcome],
        found: Listed[Outcome],
        place: int,
        why: str,
    ) -> None:
        """Write and raise the finding: a script up to the call, with both outcomes."""
        head = f"# {self._backend.release} on {self._backend.host.name}\n# {why}\n"
        both = "".join(
            f"# call {number}: expected {json.dumps(expected[number].to_json())},"
            f" found {json.dumps(found[number].to_json())}\n"
            for number in range(place + 1)
        )
        text = f"{script.dump(calls[: place + 1])}\n{head}{both}"
        self._found.write_text(text, encoding="utf-8")
        raise AssertionError(f"{why}\nwritten to {self._found}, for kvmpmu play:\n{text}")


def _answers(backend: Backend) -> Answers:
    """The kernel's answers about itself that the model has to use."""
    cpu = backend.host.cpus[0]
    make = Call.make("KVM_CREATE_VM", "kvm", cpu, "vm0")
    ask = Call.make("KVM_ARM_PREFERRED_TARGET", "vm0", cpu)
    ((_, answer),) = backend.apart([[make, ask]])
    answers = Answers().updated(ask, answer)
    read = Call.make("KVM_GET_ONE_REG", "vcpu0", cpu, id=k.ID_AA64DFR0_EL1)
    calls = [
        make,
        Call.make("KVM_CREATE_VCPU", "vm0", cpu, "vcpu0", id=0),
        Call.make("KVM_ARM_VCPU_INIT", "vcpu0", cpu, target=answers.target, features=()),
        read,
    ]
    (outcomes,) = backend.apart([calls])
    if answer.out is None or outcomes[-1].out is None:
        raise BackendFailure("the kernel does not report its preferred target and ID_AA64DFR0_EL1")
    return answers.updated(read, outcomes[-1])
