"""How Sphinx makes the website; ``tools/book/pages.py`` lays out what it reads."""

from pathlib import Path

import minigrad

HERE = Path(__file__).resolve().parent

project = "minigrad"
author = copyright = "minigrad contributors"
version = release = minigrad.__version__
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]

# The notebooks are shown as they are stored.
nb_execution_mode = "off"
nb_merge_streams = True
nb_render_markdown_format = "myst"  # what a cell has printed may hold a table
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

# The interface: Google's style of docstrings, in the order of each module's __all__.
autodoc_member_order = "bysource"
autodoc_typehints = "none"
python_maximum_signature_line_length = 80
napoleon_numpy_docstring = False
# An attribute is described with its class, and not once more as an object of its own.
napoleon_custom_sections = [("Attributes", "params_style"), "Source"]

html_theme = "furo"
pygments_dark_style = "github-dark"  # the usual one underlines names, as if they were links
html_title = "minigrad"
html_static_path = [str(HERE / "static")]
html_css_files = ["book.css"]
html_copy_source = False
html_show_sphinx = False
mathjax_path = "mathjax/tex-chtml.js"
