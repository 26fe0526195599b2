"""What is under test, as values: hosts, revisions, capabilities, guest payloads.

Standard library only; independent of how a kernel is reached."""
