"""What several folders share: whole files, JSON lines, deadlines, and where the data lies."""
