"""Starting a target's agent, and restarting it after a failure, a limited number of times.

Not for: requests to a running agent (`real`).
"""

from __future__ import annotations

from typing import Any

from ..data.host import parse_cpus
from ..errors import UsageProblem
from ..link.link import Link, LinkLost
from ..targets.base import Target

# A target is abandoned after this number of failures in a row.
MOST_FAILURES = 3
# How long a machine may take to describe itself, in seconds.
_TIMEOUT = 15.0
# The keys of every description, and their types.
_FACTS = {
    **{"machine": str, "release": str, "cpus": list, "present": str, "pmus": list, "kvm": str},
}
# Those of a machine whose /dev/kvm can be used.
_OF_KVM = {"gics": list, "ipa_bits": int, "protected": bool, "nested": bool}


class BringUps:
    """Makes links to agents of ``target``; all of them describe the same machine.

    ``facts`` is that description, ``lost`` says why no more agents will be started.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._failures: list[str] = []
        self.facts: dict[str, Any] = {}
        self.lost = ""

    def link(self) -> Link:
        """A link to a fresh agent.  Raises `LinkLost` or `UsageProblem` if it cannot start."""
        if self.lost:
            raise LinkLost(self.lost)
        try:
            link = self._target.connect()
            try:
                facts = _facts(link)
                self._compare(facts)
            except LinkLost:
                link.close()
                raise
        except (LinkLost, UsageProblem, OSError) as error:
            self._failures.append(str(error))
            if len(self._failures) == MOST_FAILURES:
                self.lost = (
                    f"it could not be brought up {MOST_FAILURES} times in a row;"
                    f" the first time: {self._failures[0]}"
                )
                raise LinkLost(self.lost) from error
            raise
        self._failures.clear()
        self.facts = facts
        return link

    def _compare(self, facts: dict[str, Any]) -> None:
        was = self.facts or facts
        changed = [name for name in {**was, **facts} if was.get(name) != facts.get(name)]
        if changed:
            text = ", ".join(f"{it} was {was.get(it)!r}, is {facts.get(it)!r}" for it in changed)
            raise LinkLost(f"the machine has changed since the run began: {text}")


def _facts(link: Link) -> dict[str, Any]:
    answer = link.request({"op": "describe"}, _TIMEOUT)
    facts = answer.get("ok")
    if not isinstance(facts, dict):
        raise LinkLost(f"the agent did not describe its machine: {answer!r:.200}")
    wanted = {**_FACTS, **(_OF_KVM if facts.get("kvm") == "ok" else {})}
    for name, kind in wanted.items():
        if not isinstance(facts.get(name), kind):
            raise LinkLost(f"the agent's description of its machine has no {name}: {facts!r:.200}")
    for pmu in facts["pmus"]:
        try:
            parse_cpus(pmu["cpus"])
            int(pmu["type"]), str(pmu["name"])
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise LinkLost(f"the agent described an invalid PMU: {pmu!r:.200}") from error
    return facts
