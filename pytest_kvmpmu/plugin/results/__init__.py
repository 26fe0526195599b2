"""Results of a run: made in the process of each spec, gathered and reported by the controller."""
