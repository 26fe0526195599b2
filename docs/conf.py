"""Sphinx: the documentation as a site.  ``tox -e docs`` builds it; warnings are errors."""

from __future__ import annotations

import sys
from pathlib import Path

from pygments.lexer import RegexLexer, using
from pygments.lexers.data import JsonLexer
from pygments.token import Comment
from sphinx.highlighting import lexers

import pytest_kvmpmu

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "pytest-kvmpmu"
author = "the pytest-kvmpmu authors"
copyright = author  # Sphinx's name for it
version = release = pytest_kvmpmu.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton", "kvmpmu_site"]
exclude_patterns = ["_build", "changelog.d", "ci", "examples"]

# Pages link to headings by the anchors that code hosting sites generate.
myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]

# Single backticks in docstrings are names, some of them from other packages.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
add_module_names = False
python_use_unqualified_type_names = True
# Names of other packages have no page in this site.
nitpick_ignore_regex = [
    ("py:.*", r"(argparse|collections|contextlib|pathlib|pluggy|pytest|typing)\..*"),
    ("py:.*", r"(Any|Callable|Iterable|Iterator|Mapping|Path|Sequence|H|.*\.H)"),
    # Names that are imported only for type checkers, so that the plugin imports little.
    ("py:class", r"MakeBackend|MakeTarget|Mapping\[str|tuple\[Source"),
]


class Script(RegexLexer):
    """JSON lines, with the comments that a script for ``kvmpmu play`` may have."""

    tokens = {"root": [(r"#.*\n", Comment), (r".*\n", using(JsonLexer))]}  # noqa: RUF012  # pygments' form


lexers["jsonl"] = Script()
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True
copybutton_line_continuation_character = "\\"

# Quotes and ellipses, not dashes: options begin with two hyphens.
smartquotes_action = "qe"

html_theme = "furo"
html_title = f"pytest-kvmpmu {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
