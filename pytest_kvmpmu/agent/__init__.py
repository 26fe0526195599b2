"""The agent: executes Calls where /dev/kvm is, in processes of its own.

Standard library only, Python 3.8 and later.  The same code serves this machine
(on pipes) and a lab VM (on its serial line).  Start it with
``python3 -S -E -m pytest_kvmpmu.agent``; it reads and writes frames (wire.frame).
"""
