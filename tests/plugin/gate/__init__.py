"""The gate: verdicts and waivers in a run."""
