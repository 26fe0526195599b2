"""A lab VM: QEMU, its device tree, its serial line, and its snapshots."""
