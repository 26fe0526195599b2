"""``python3 -S -E -m pytest_kvmpmu.agent``: serve on standard input and output."""

from .server import main

main()
