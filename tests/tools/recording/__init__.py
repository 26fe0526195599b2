"""Makes the lab's recordings again: ``python -m tests.tools.recording``."""
