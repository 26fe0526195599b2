"""The userspace ABI of KVM on arm64 as tables, in header order.  Python 3.8, standard library."""
