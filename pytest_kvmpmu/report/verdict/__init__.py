"""The verdict on a kernel: from the results of one run, or of several."""
