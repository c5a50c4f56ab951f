"""How the documentation is built: MyST pages, API reference from docstrings, nothing fetched."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

# The local extension lives beside this file.
sys.path.insert(0, str(Path(__file__).parent))

project = "sansmcp"
copyright = "the sansmcp contributors"  # noqa: A001  # the name that Sphinx reads
release = version_of("sansmcp")
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "public_names"]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"sansmcp {release}"
html_static_path = ["_static"]
html_css_files = ["sansmcp.css"]
html_show_sphinx = False

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3

# Names in backticks link to what they name where this documentation has it, and are code elsewhere.
default_role = "py:obj"
highlight_language = "python"
add_module_names = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
