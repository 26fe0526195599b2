"""Programs of the project, apart from its tests: each is a folder, run by ``python -m``."""
