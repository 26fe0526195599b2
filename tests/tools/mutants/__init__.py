"""Named wrong kernels: the model with one wrong row; the specs must notice each."""
