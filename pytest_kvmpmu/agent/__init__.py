"""The agent: executes Calls on the machine with /dev/kvm, in its own processes.

Standard library only, Python 3.8 and later.  The same code runs on this machine
(on pipes) and in a lab VM (on its serial line).  Start it with
``python3 -S -E -m pytest_kvmpmu.agent``; it reads and writes frames (wire.frame).
"""
