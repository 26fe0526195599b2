"""What is under test, as values: hosts, revisions, capabilities, guest payloads.

Standard library only; nothing here knows how a kernel is reached."""
