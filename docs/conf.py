"""The site: `sphinx-build -W -n docs build/site`. The reference is made from docstrings."""

import inspect
import re
from importlib import import_module

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import threadmill

project = "threadmill"
author = "The threadmill developers"
copyright = author
version = release = threadmill.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc", "sphinx_copybutton"]
exclude_patterns = ["_build"]

# Names in backquotes are links where they are names of ours, and code where they are not: arguments, NumPy's.
default_role = "py:obj"
nitpicky = True
nitpick_ignore_regex = [("py:obj", ".*"), ("py:class", ".*")]

myst_heading_anchors = 3

add_module_names = False
autodoc_typehints = "none"  # the docstrings have them, in words
autodoc_default_options = {"members": True, "member-order": "bysource"}
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_context = {"default_mode": "auto"}
html_title = "threadmill"
templates_path = ["_templates"]
html_sidebars = {"**": ["contents"]}
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "threadmill"},
    "navbar_center": [],
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}


class OnAllCores(SphinxDirective):
    """A module's functions that are ours: what each is, by NumPy's docstring, and how it runs, by ours."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        ours = import_module(self.arguments[0])
        numpys = import_module(self.arguments[0].removeprefix("threadmill."))
        lines = [f".. py:currentmodule:: {ours.__name__}", ""]
        for name in sorted(ours.__all__):
            function = getattr(ours, name)
            if not callable(function) or function is getattr(numpys, name):
                continue
            how, _, text = function.__doc__.partition("\n\n")
            found = re.search(r"^ *([A-Z].*?[.\n])\n? *\n", text, re.MULTILINE | re.DOTALL)
            assert found is not None, name
            lines += [f".. py:function:: {name}{signature(function, text)}", ""]
            lines += [f"   {' '.join(found[1].split())}", ""]
            lines += [f"   {line}" for line in how.splitlines()[2:]] + [""]
        return self.parse_text_to_nodes(StringList(lines, source=ours.__name__))


def signature(function: object, numpys: str) -> str:
    """A ufunc's signature stands in NumPy's text."""
    if isinstance(function, threadmill.ParallelUfunc):
        found = numpys[numpys.index("(") : numpys.index("\n")]
        return re.sub(r"(\[, signature.*\])?\)$", ", pool=None)", found)
    signature = inspect.signature(function)  # type: ignore[arg-type]
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in signature.parameters.values()]
    return str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))


def show_titles(_app: Sphinx, _page: str, source: list[str]) -> None:
    """A link that shows a page's file name, for readers of the files, shows its title on the site."""
    source[0] = re.sub(r"\[\w+\.md\]\((\w+\.md)\)", r"[](\1)", source[0])


def setup(app: Sphinx) -> None:
    app.connect("source-read", show_titles)
    app.add_directive("on-all-cores", OnAllCores)
