"""What the lab needs of this machine: programs, and the packages that have them."""
