#!/usr/bin/env bash
# Hypothesis 6.100.0 counts who refers to a random generator with gc.get_referrers() when one is
# registered.  Referrers that were moved to the permanent generation with gc.freeze() are not
# found.  A program that freezes its long-lived objects therefore gets a warning that its generator
# may be collected at once, although a module holds it.
#
# Expected output:
#   before gc.freeze(): no warning
#   after gc.freeze(): HypothesisWarning
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q "hypothesis==6.100.0" 2> /dev/null
cat > "$work/holder.py" <<'PY'
import random


class Holder:
    def __init__(self):
        self.generators = [random.Random(1), random.Random(1)]


held = Holder()
PY
cat > "$work/try.py" <<'PY'
import gc
import warnings

import hypothesis
import holder


def register(generator):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        hypothesis.register_random(generator)
    return ", ".join(one.category.__name__ for one in caught) or "no warning"


print("before gc.freeze():", register(holder.held.generators[0]))
gc.freeze()
print("after gc.freeze():", register(holder.held.generators[1]))
PY
found=$(cd "$work" && venv/bin/python try.py)
echo "$found"
[ "$found" = "before gc.freeze(): no warning
after gc.freeze(): HypothesisWarning" ]
