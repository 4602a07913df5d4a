"""Sphinx: nitpicky, and every warning is an error."""

from importlib import import_module

import vnedoc

project = "vnedoc"
author = "The vnedoc developers"
copyright = "The vnedoc developers, Apache-2.0"
version = release = vnedoc.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "adr/template.md"]
html_theme = "furo"
html_title = f"vnedoc {release}"
html_copy_source = False
nitpicky = True

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
# The built-in "type" in an annotation is none of the fields that are called so; what is missing is told.
suppress_warnings = ["ref.python"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "undoc-members": True, "show-inheritance": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True

# The reference resolves every name of our own. Names of other projects have no inventory in a build without
# network, and are left as text.
nitpick_ignore_regex = [
    (r"py:.*", r"(?!vnedoc\b).*"),
    # Types behind a door that are handed out and never made by callers.
    (r"py:.*", r"vnedoc(\.\w+)*\._\w+.*"),
]

# Some doors open their heavier half only when it is touched; the reference shows it too.
for _room in ("edxml", "verification", "signing", "conformance", "exchange"):
    _module = import_module(f"vnedoc.{_room}")
    vars(_module).update({name: getattr(_module, name) for name in _module.__all__})
