"""Sphinx: four rooms, built without a network."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import generated
from sphinx.application import Sphinx

project = "backpain_risk"
author = "The backpain_risk developers"
project_copyright = author
version = release = generated.version()
extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "sphinx_design",
    "sphinx-mathjax-offline",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates", "**/.ipynb_checkpoints"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"
autosummary_generate = True
autosummary_imported_members = False
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
add_module_names = False
html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_js_files = [("quiet.js", {"priority": 1})]
html_title = "backpain_risk"
html_theme_options = {
    "navbar_align": "left",
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "announcement": "Synthetic data, for research; not for clinical use.",
    "show_prev_next": False,
}
html_copy_source = False
html_show_sourcelink = False
html_show_search_summary = False  # a page opened as a file may not fetch others
html_context = {"default_mode": "auto"}
suppress_warnings = [
    "mystnb.unknown_mime_type",
    "myst.header",
    "misc.highlighting_failure",
    "ref.python",  # two classes have an attribute of one name
]


ELSEWHERE = {"../CONTRIBUTING.md": "contributing.md", "../CHANGELOG.md": "reference/changelog.md"}


def _at_home(app: Sphinx, name: str, source: list[str]) -> None:
    """Links of a page to files above this folder lead to the pages that include them."""
    if name == "design":
        for there, here in ELSEWHERE.items():
            source[0] = source[0].replace(f"]({there})", f"]({here})")


def setup(app: Sphinx) -> None:
    """Write the pages that code knows best, before Sphinx looks for pages."""
    generated.write_pages(Path(__file__).parent / "reference")
    app.connect("source-read", _at_home)
