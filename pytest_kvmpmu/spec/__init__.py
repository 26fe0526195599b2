"""The clause catalogue: what the documentation says and what kernels do, statement by statement."""
