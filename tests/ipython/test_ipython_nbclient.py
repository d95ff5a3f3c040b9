"""`%load_ext jupyter_agent` in a real kernel that nbclient runs: no server, the assistant in the kernel's process."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.support.notebook_json import code, notebook, text_of

LOAD = "%load_ext jupyter_agent"
FRAME = "import pandas as pd\ndf = pd.DataFrame({'price': [1, 2, 3], 'region': ['a', 'b', 'a']})"
HEAVY = ("openai", "pydantic", "sqlalchemy", "tornado.web", "jupyter_agent.agent.assistant", "http.client", "ssl")


def run(*sources: str, allow_errors: bool = False) -> list[list[dict[str, Any]]]:
    """Run cells in a new kernel; the outputs of each."""
    return [cell["outputs"] for cell in executed(*sources, allow_errors=allow_errors)["cells"]]


def executed(*sources: str, allow_errors: bool = False) -> Any:
    """A notebook of these cells, run in a new kernel."""
    written = text_of(notebook(*(code(f"c{number}", source) for number, source in enumerate(sources))))
    read: Any = nbformat.reads(written, as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(read, timeout=60, allow_errors=allow_errors).execute()
    return read


def markdown(outputs: list[dict[str, Any]]) -> list[str]:
    return [output["data"]["text/plain"] for output in outputs if "text/markdown" in output.get("data", {})]


def printed(outputs: list[dict[str, Any]]) -> str:
    return "".join(output["text"] for output in outputs if output["output_type"] == "stream")


def script(home: Path, monkeypatch: pytest.MonkeyPatch, *steps: dict[str, Any]) -> None:
    """Let a model answer that plays these steps."""
    path = home / "script.json"
    path.write_text(json.dumps(steps), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_AGENT_MODEL", f"scripted:{path}")


def test_the_answer_has_the_live_columns_and_the_conversation_goes_on(home: Path) -> None:
    outputs = run(LOAD, FRAME, "%agent what columns does df have?", "%agent and how many rows?", "%agent /history 2")
    assert len(outputs[2]) == 1
    assert all(f"`{column}`" in markdown(outputs[2])[0] for column in ("price", "region"))
    assert "3 rows" in markdown(outputs[3])[0]
    history = markdown(outputs[4])[0]
    assert history.index("what columns does df have?") < history.index("and how many rows?")
    assert (home / "data" / "jupyter-agent" / "sessions.db").exists()


def test_a_cell_of_a_question_and_only_its_code(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(home, monkeypatch, {"text": "Do:\n```python\nprint(1)\n```\nand that is all"})
    outputs = run(LOAD, "%%agent -f code\nplot {df}\nas $x?", "%agent -f json plot it")
    assert printed(outputs[1]) == "print(1)\n"
    assert json.loads(printed(outputs[2]))["code"] == [{"language": "python", "source": "print(1)"}]


def test_an_earlier_error_is_known_and_its_traceback_stays(home: Path) -> None:
    outputs = run(LOAD, "total = 1 / 0", "%agent what does the error mean?", allow_errors=True)
    assert outputs[1][-1]["ename"] == "ZeroDivisionError"
    assert "ZeroDivisionError" in markdown(outputs[2])[0]


def test_fix_sees_the_locals_of_the_frame_that_failed(home: Path) -> None:
    define = "def ratio(a, b):\n    part = a * 21\n    return part / b"
    outputs = run(LOAD, define, "ratio(2, 0)", "%agent /fix", "%agent /explain ratio", allow_errors=True)
    assert outputs[2][-1]["ename"] == "ZeroDivisionError"
    assert "`part` = `42`" in markdown(outputs[3])[0]
    assert "`ratio`" in markdown(outputs[4])[0]


def test_without_a_notebook_what_was_typed_is_known(home: Path) -> None:
    outputs = run(LOAD, "total = 0\nfor n in range(3):\n    total += n", "%agent /explain", "%agent /explain @cell:2")
    for output in outputs[2:]:
        assert "for n in range(3)" in markdown(output)[0]
    assert "total" in markdown(run(LOAD, "total = 1", "%agent /context what is total?")[2])[0]


def test_the_answer_is_one_clean_output_in_an_exported_page(home: Path) -> None:
    from nbconvert import HTMLExporter

    notebook = executed(LOAD, FRAME, "%agent how many rows does df have?")
    page, _ = HTMLExporter().from_notebook_node(notebook)  # type: ignore[no-untyped-call]
    assert "<strong>3 rows</strong>" in page
    assert "list_variables" not in page
    assert len(notebook["cells"][2]["outputs"]) == 1


def test_code_runs_unasked_only_where_that_was_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call = {"name": "run_code", "arguments": {"code": "made = 41 + 1\nprint('at work')\nmade"}}
    script(home, monkeypatch, {"calls": [call]}, {"text": "Done."})
    outputs = run(LOAD, "%agent make it", "print('made' in dir())", "%agent --approve auto make it", "print(made)")
    assert "it cannot be approved here" in markdown(outputs[1])[-1]
    assert printed(outputs[2]) == "False\n"
    assert printed(outputs[3]) == "at work\n"
    assert markdown(outputs[3])[-1] == "Done."
    assert printed(outputs[4]) == "42\n"


def test_code_that_fails_does_not_fail_the_cell(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call = {"name": "run_code", "arguments": {"code": "1 / 0"}}
    script(home, monkeypatch, {"calls": [call]}, {"text": "It cannot be done."})
    outputs = run(LOAD, "%agent --approve auto divide")
    assert "ZeroDivisionError" in printed(outputs[1])
    assert [output["output_type"] for output in outputs[1] if output["output_type"] == "error"] == []
    assert markdown(outputs[1])[-1] == "It cannot be done."


def test_an_automated_run_notices_that_there_is_no_answer(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(home, monkeypatch, {"error": "upstream_unreachable", "message": "The model is away."})
    with pytest.raises(CellExecutionError, match=r"%agent: The model is away\."):
        run(LOAD, "%agent hello")


def test_T18_nested_in_a_loop_and_in_a_thread_nothing_hangs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call = {"name": "run_code", "arguments": {"code": "%agent what do you think?"}}
    script(home, monkeypatch, {"match": "nest", "calls": [call]}, {"match": "nest", "text": "No."}, {"text": "Yes."})
    loop = "for n in range(3):\n    get_ipython().run_line_magic('agent', f'question {n}')"
    thread = (
        "import threading\n"
        "t = threading.Thread(target=get_ipython().run_line_magic, args=('agent', 'from a thread'))\n"
        "t.start(); t.join(20); print(t.is_alive())"
    )
    outputs = run(LOAD, "%agent --approve auto nest it", loop, thread)
    assert re.fullmatch(r"No\.\s+\*Code was not run: .* reaches beyond .*", markdown(outputs[1])[-1])
    assert markdown(outputs[2]) == ["Yes."] * 3
    assert printed(outputs[3]) == "False\n"


def test_loading_is_light_and_leaves_no_name_behind(home: Path) -> None:
    look = "import sys\nbefore, names = set(sys.modules), set(dir())\n"
    compare = (
        "import json\n"
        "print(json.dumps([sorted(set(sys.modules) - before), sorted(set(dir()) - names - {'before', 'names', 'json'})]))"
    )
    modules, names = json.loads(printed(run(f"{look}{LOAD}\n{compare}")[0]))
    ours = [output for output in modules if output.startswith("jupyter_agent")]
    assert set(modules) - set(ours) <= {"IPython.core.magics.extension"}  # of `%load_ext` itself
    assert len(ours) <= 18
    assert not set(HEAVY) & set(modules)
    assert names == []


def test_unloading_takes_the_magic_away(home: Path) -> None:
    outputs = run(LOAD, "%agent hello", "%unload_ext jupyter_agent\n%agent hello", allow_errors=True)
    assert markdown(outputs[1])
    assert "`%agent` not found" in printed(outputs[2])


def test_the_notebook_that_the_front_end_names_is_the_conversations(home: Path) -> None:
    shown = f"__vsc_ipynb_file__ = {str(home / 'n.ipynb')!r}"
    look = (
        "import sqlite3, os\n"
        "path = os.path.join(os.environ['JUPYTER_DATA_DIR'], 'jupyter-agent', 'sessions.db')\n"
        "print([*sqlite3.connect(path).execute('select notebook_id from sessions')])"
    )
    outputs = run(LOAD, shown, "%agent hello", "%agent -s other hello again", look)
    assert printed(outputs[4]) == f"{[(str(home / 'n.ipynb'),)] * 2}\n"
