"""Results of a run: made where a spec runs, gathered and reported where the run is led."""
