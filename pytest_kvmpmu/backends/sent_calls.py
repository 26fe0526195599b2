"""The Calls that an agent was sent: each is encoded and sent once, and is a number from then on.

The agent's side of it is `agent.service`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..wire.call import Call

# The agent keeps buffers for each; the specs make far fewer different calls.
MOST = 4096


class SentCalls:
    """Numbers the calls of one agent, in the order in which they are sent."""

    def __init__(self) -> None:
        self._numbers: dict[Call, int] = {}

    def orders(self, sequences: Sequence[Sequence[Call]]) -> dict[str, Any]:
        """``first``, ``calls`` and ``orders`` of a request: only new calls are in ``calls``."""
        if len(self._numbers) > MOST:
            self._numbers.clear()
        first = len(self._numbers)
        new: list[dict[str, Any]] = []
        orders = [[self._number(call, new) for call in sequence] for sequence in sequences]
        return {"first": first, "calls": new, "orders": orders}

    def _number(self, call: Call, new: list[dict[str, Any]]) -> int:
        number = self._numbers.get(call)
        if number is None:
            number = self._numbers[call] = len(self._numbers)
            new.append(call.to_json(names=False))
        return number
