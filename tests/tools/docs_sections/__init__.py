"""Whether the kernels' documentation has the sections that clauses name.

``python -m tests.tools.docs_sections``, or ``tox -e sections``: needs Debian's apt and a mirror.
"""
