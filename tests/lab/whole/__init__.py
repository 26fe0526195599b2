"""Tests of the lab as a whole, most of them with real kernels."""
