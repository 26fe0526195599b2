"""Named wrong kernels: the model, wrong in one row; the specs have to notice each."""
