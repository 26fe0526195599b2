"""Reports of runs: results as values, the verdict on them, and the files that show them."""
