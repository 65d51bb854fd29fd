"""The site is built from docs/ without a warning, has every public name, and needs nothing from elsewhere."""

import os
import re
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from kit import commands

import threadmill as tm

pytestmark = pytest.mark.site

# In the docstrings of the namespace's functions that are not NumPy's own objects.
OURS = "on the threads of `pool`"

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for package in "myst_parser", "numpydoc", "pydata_sphinx_theme", "sphinx", "sphinx_copybutton":
        pytest.importorskip(package)
    built = tmp_path_factory.mktemp("site")
    commands.run(
        *(sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-n", "-b", "html", DOCS, built),
        env={**os.environ, "PYTHONPATH": str(Path(tm.__file__).parents[1])},
    )
    return built


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, str]:
    """The pages' HTML by their paths."""
    return {str(path.relative_to(site)): path.read_text(encoding="utf-8") for path in site.rglob("*.html")}


def test_every_source_has_its_page(pages: dict[str, str]) -> None:
    for source in [*DOCS.rglob("*.md"), *DOCS.rglob("*.rst")]:
        assert str(source.relative_to(DOCS).with_suffix(".html")) in pages


def test_every_public_name_is_in_the_reference(pages: dict[str, str]) -> None:
    ids = {name for page, text in pages.items() if page.startswith("api/") for name in ids_of(text)}
    modules = {"numpy": tm.numpy, "numpy.fft": tm.numpy.fft, "numpy.linalg": tm.numpy.linalg}
    for name in [*tm.__all__, "joblib.register", "threadpoolctl.register", "Pool.map", "TypedQueue.put_many"]:
        assert name in modules or f"threadmill.{name}" in ids, name
    for path, module in modules.items():
        ours = [name for name in module.__all__ if OURS in str(getattr(module, name).__doc__)]
        assert len(ours) > 3, path
        for name in ours:
            assert f"threadmill.{path}.{name}" in ids, name


def ids_of(text: str) -> set[str]:
    return set(re.findall(r'id="([^"]+)"', text))


def test_pages_load_nothing_from_elsewhere(pages: dict[str, str]) -> None:
    for page, text in pages.items():
        loaded = re.findall(r'<(?:script|img|iframe)[^>]* src="([^"]+)"', text)
        loaded += re.findall(r'<link[^>]* rel="(?:stylesheet|preload|icon)"[^>]* href="([^"]+)"', text)
        assert loaded
        for url in loaded:
            assert not urlsplit(url).scheme, f"{page}: {url}"


def test_links_lead_somewhere(site: Path, pages: dict[str, str]) -> None:
    """To a file of the site and to the place in it that they name; links to elsewhere are whole addresses."""
    ids = {page: ids_of(text) for page, text in pages.items()}
    for page, text in pages.items():
        for link in re.findall(r'<a[^>]* href="([^"]+)"', text):
            url = urlsplit(link)
            if url.scheme:
                assert url.scheme == "https", f"{page}: {link}"
                assert re.fullmatch(r"[\w-]+(\.[\w-]+)+", url.netloc), f"{page}: {link}"
                continue
            target = (site / page).parent / unquote(url.path) if url.path else site / page
            assert target.exists(), f"{page}: {link}"
            found = ids.get(os.path.relpath(target, site))
            assert not url.fragment or found is None or unquote(url.fragment) in found, f"{page}: {link}"


def test_the_search_finds_names_and_words_without_a_server(site: Path) -> None:
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    assert index.startswith("Search.setIndex(")  # a script, which a page from a disk may load
    for word in "parallel_for", "fuse", "pipelin":
        assert word in index
