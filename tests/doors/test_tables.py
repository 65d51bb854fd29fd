"""What shows itself as a table: in a terminal, and in a notebook that runs headless."""

import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

import threadmill as tm
from threadmill._tables import Table, seconds

# What a notebook's user writes, a cell each.
CELLS = (
    """
import numpy as np, threadmill as tm
pool, x = tm.Pool(2), np.ones(100_000)
pool
""",
    "pool.stats()",
    "tm.parallel(np.exp).explain(x, pool=pool)",
    "tm.fuse(lambda x: np.sqrt(x * 2)[x > 0]).explain(x)",
)


def test_text_is_aligned() -> None:
    table = Table([("a", "1"), ("long", "1,000")], ("name", "n"), "title")
    assert str(table).splitlines() == ["title", "name      n", "----  -----", "a         1", "long  1,000"]
    assert str(Table([("a", "some"), ("bc", "d")], numbers=False)) == "a   some\nbc  d"


def test_html_is_escaped() -> None:
    html = Table([("<lambda>", "a & b")], ("<", "&"), "<lambda>")._repr_html_()
    assert html.count("&lt;lambda&gt;") == 2
    assert "a &amp; b" in html
    assert "<lambda>" not in html


def test_times_have_a_unit_that_suits_them() -> None:
    told = [seconds(value) for value in (2.0, 0.9996, 0.0123, 4.56e-5, 9.9999e-4, 7e-8, 1234.0)]
    assert told == ["2 s", "1 s", "12.3 ms", "45.6 us", "1 ms", "70 ns", "1,234 s"]


def test_stats_are_a_dict_that_shows_a_table() -> None:
    with tm.Pool(2) as pool:
        pool.submit(int).result()
    stats = pool.stats()  # a worker counts the time of a task after its result is there
    assert type(pickle.loads(pickle.dumps(stats))) is type(stats)
    assert json.loads(json.dumps(stats)) == stats == dict(stats)
    lines = repr(stats).splitlines()
    assert [line.split("  ")[0] for line in lines] == [
        "thread",
        "--------",
        "worker 0",
        "worker 1",
        "callers",
        "all",
    ]
    assert lines[0].split()[-1] == "busy"
    assert "regretted" not in lines[0]


def test_print_of_a_pool_tells_its_state() -> None:
    pool = tm.Pool(3, "mill")
    assert str(pool).startswith("Pool mill: open, threads: 3, tasks waiting: 0\nthread")
    assert len(str(pool).splitlines()) == 1 + 2 + 3 + 2
    pool.shutdown()
    assert ": shut down," in str(pool)
    broken = tm.Pool(1, initializer=lambda: 1 / 0)
    broken.submit(int).exception()
    assert ": broken," in str(broken)


def test_an_explanation_shows_a_table_and_says_a_sentence() -> None:
    exp, x = tm.parallel(np.exp), np.ones((500, 4000))
    with tm.Pool(2) as pool:
        lines = repr(exp.explain(x, pool=pool)).splitlines()
        assert [line.split()[0] for line in lines] == ["exp", "loop", "over", "cut", "threads"]
        assert str(exp.explain(x, pool=pool)).startswith("exp: NumPy's loop")
    assert repr(exp.explain([])).splitlines()[0].split() == ["exp", "by", "NumPy"]


def test_a_notebook_shows_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    for name in "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR":
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("PYTHONPATH", str(Path(tm.__file__).parents[1]))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS])
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    shown = [cell.outputs[-1]["data"]["text/html"] for cell in notebook.cells]
    assert all("<table>" in html for html in shown)
    assert "Pool threadmill-0" in shown[0]
    assert len(re.findall("worker [01]", shown[1])) == 2
    assert "in parallel" in shown[2]
    assert "&lt;lambda&gt;" in shown[3]
    assert "pass 1" in shown[3]
