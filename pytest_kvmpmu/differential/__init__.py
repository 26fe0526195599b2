"""Random sequences of Calls, on a backend and on the model, or held against laws.

`machine` makes the sequences, `laws` and `pytest_kvmpmu.model.compare` judge them, `reach` counts
which states they get to, `search` runs it all under Hypothesis.
"""
