"""Random sequences of Calls, on a backend and on the model, or checked against laws.

`machine` makes the sequences, `laws` and `pytest_kvmpmu.model.compare` judge them, `reach` counts
the states that they reach, `search` runs it all under Hypothesis.
"""
