"""An agent that misbehaves: the number of a call's capability says how.

Run as a program, with a file that says how it comes up: one letter for each bring-up, ``+``
for a good one; after the last letter all are good.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from pytest_kvmpmu.wire.frame import RS, Decoder, Message, encode

GOOD, NONSENSE, WRONG, HALF, NOTHING, END, TWICE, MANY = range(8)
FACTS = {
    "machine": "aarch64",
    "system": "Linux",
    "release": "6.12.0-test",
    "cpus": [0],
    "pmus": [{"name": "armv8_cortex_a53", "type": 9, "cpus": "0"}],
    "kvm": "ok",
    "api_version": 12,
    "present": "0",
    "gics": [3],
    "ipa_bits": 44,
    "protected": False,
    "nested": False,
    "pmu_v3": True,
}
# Bad bring-ups: it ends, sends a wrong greeting, describes nothing, describes another host.
UP: dict[str, object] = {
    "+": {"ok": FACTS},
    "o": {"ok": {}},
    "d": {"ok": {**FACTS, "release": "6.13.0-test"}},
}


def answer(request: dict[str, Any], description: object, known: list[Any]) -> bytes:
    if request["op"] == "describe":
        return encode(description)
    good = encode({"outcomes": [[{"ret": 1}] * len(order) for order in request["orders"]]})
    known[request["first"] :] = request["calls"]
    what = known[request["orders"][0][0]]["cap"]
    if what == NOTHING:
        time.sleep(60)  # until it is killed
    os.write(1, b"[    1.0] a word of the kernel\n")
    return {
        GOOD: good,
        NONSENSE: RS + b"00000000 {}\n",
        WRONG: encode({"outcomes": [["yes"]]}),
        HALF: good[: len(good) // 2],
        END: b"",
        TWICE: good + good,
        MANY: encode({"outcomes": [[{"ret": 1}] * 9]}),
    }[what]


def main(moods: Path) -> None:
    mood, rest = (moods.read_text() or "+")[0], moods.read_text()[1:]
    moods.write_text(rest)
    os.write(1, b"[    0.1] bring-up: %s\n" % mood.encode())
    if mood == "-":
        return
    os.write(1, encode({"hallo" if mood == "h" else "hello": 1}))
    decoder, known = Decoder(), list[Any]()
    while chunk := os.read(0, 65536):
        for event in decoder.feed(chunk):
            assert isinstance(event, Message)
            said = answer(event.body, UP[mood], known)
            if not said:
                return
            os.write(1, said)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
