"""What the lab needs on this machine: programs, and the packages that provide them."""
