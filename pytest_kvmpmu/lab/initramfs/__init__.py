"""The user space of a lab VM, as an initramfs."""
