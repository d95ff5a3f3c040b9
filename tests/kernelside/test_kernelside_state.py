"""What is told of a shell, its changes and its runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from jupyter_agent.core.kernel_state import KernelState, StateDelta

if TYPE_CHECKING:
    from .conftest import Shell


def test_the_wire_is_json_and_builds_a_kernel_state(shell: Shell) -> None:
    shell.run("import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})\nn = float('nan')\ns = '\\ud800'", "cell-1")
    reply = json.loads(json.dumps(shell.delta(), allow_nan=False))
    state = KernelState("k").after(StateDelta.from_wire(reply))
    assert list(state.variables) == ["df", "n", "s", "pd"]
    assert (state.variables["df"].cell_id, state.executions[0].cell_id) == ("cell-1", "cell-1")


def test_a_rebound_name_belongs_to_the_cell_that_bound_it_last(shell: Shell) -> None:
    shell.run("x = 5", "first")
    shell.delta()
    shell.run("x = 5", "second")
    (changed,) = shell.delta()["changed"]
    assert (changed["name"], changed["cell_id"]) == ("x", "second")


def test_each_way_of_changing_in_place_is_seen(shell: Shell) -> None:
    shell.run("import numpy as np, pandas as pd\nfrom collections import deque")
    shell.run("items = [1]; nested = {'a': [1]}; group = {1}; array = np.zeros(5); line = deque([1])")
    shell.run("df = pd.DataFrame({'x': [1, 2]})\nclass P: pass\np = P(); p.n = 1")
    shell.run("from types import SimpleNamespace\nspace = SimpleNamespace(n=1)")
    ways = {
        "items": "items.append(2)",
        "nested": "nested['a'].append(2)",
        "group": "group.add(2)",
        "array": "array[3] = 1",
        "line": "line.append(2)",
        "df": "df.loc[0, 'x'] = 9",
        "p": "p.n = 2",
        "space": "space.n = 2",
    }
    shell.delta()
    for name, code in ways.items():
        shell.run(code)
        reply = shell.delta()
        assert [variable["name"] for variable in reply["changed"]] == [name]
        assert reply["executions"][-1]["mutated"] == [name]
    assert shell.variables()["space"]["facts"]["fields"] == {"n": "2"}
    shell.run("df['y'] = 0")
    assert [variable["name"] for variable in shell.delta()["changed"]] == ["df"]


def test_values_that_python_takes_for_equal_are_told_apart(shell: Shell) -> None:
    shell.run("number = -1; kind = 1; items = [-1]; mixed = [1]; text = 'a'; real = 0.0")
    shell.delta()
    shell.run("number = -2; kind = True; items[0] = -2; mixed[0] = True; text = 'b'; real = -0.0")
    assert {variable["name"] for variable in shell.delta()["changed"]} == {
        "number",
        "kind",
        "items",
        "mixed",
        "text",
        "real",
    }


def test_V11_of_a_hundred_thousand_variables_two_hundred_are_told_and_all_are_counted(shell: Shell) -> None:
    shell.shell.user_ns.update({f"v{n}": n if n % 3 else [n] for n in range(100_000)})
    reply = shell.delta()
    assert (reply["total"], len(reply["changed"])) == (100_000, 200)


def test_a_name_that_is_bound_only_under_a_condition_stays_with_its_cell(shell: Shell) -> None:
    shell.run("x = 1", "first")
    shell.run("if False:\n    x = 2", "second")
    assert shell.variables()["x"]["cell_id"] == "first"


def test_code_comes_after_data_and_is_not_withheld_for_its_name(shell: Shell) -> None:
    shell.run("def get_password(token='canary'): pass\nimport secrets as api_key\nclass Secret: pass\nx = 1")
    reply = shell.variables()
    assert list(reply) == ["x", "get_password", "api_key", "Secret"]
    assert [variable["kind"] for variable in reply.values()] == ["number", "function", "module", "class"]
    assert reply["get_password"]["summary"] == "get_password(token=[withheld])"


def test_a_value_is_not_kept_alive(shell: Shell) -> None:
    shell.run("class C: pass\nimport weakref\nc = C(); gone = []\nr = weakref.finalize(c, gone.append, 1)")
    shell.delta()
    shell.inspect("c")
    shell.run("del c")
    assert shell.shell.user_ns["gone"] == [1]


def test_a_deleted_name_is_told_once_to_whoever_knew_it(shell: Shell) -> None:
    shell.run("a = b = 1")
    shell.delta()
    shell.run("del a")
    assert shell.delta()["deleted"] == ["a"]
    assert shell.delta()["deleted"] == []


def test_who_hides_is_hidden_here_too(shell: Shell) -> None:
    shell.run("_private = 1\nvisible = 2\nvisible")
    assert list(shell.variables()) == ["visible"]


def test_V11_many_variables_are_counted_and_the_newest_data_is_listed(shell: Shell) -> None:
    shell.run("globals().update({f'v{n}': n for n in range(5000)})\ndef f(): pass")
    shell.run("last = 1")
    reply = shell.delta()
    assert (reply["total"], len(reply["changed"])) == (5002, 200)
    assert "last" in [variable["name"] for variable in reply["changed"]]


def test_V11_of_many_functions_those_that_were_bound_last_are_listed(shell: Shell) -> None:
    shell.run(
        "import types\nglobals().update({f'f{n}': types.FunctionType(compile('1', '', 'eval'), {}) for n in range(500)})"
    )
    shell.run("def mine(): pass\ndata = 1")
    listed = [variable["name"] for variable in shell.delta()["changed"]]
    assert len(listed) == 200
    assert {"data", "mine"} <= set(listed)


def test_an_error_is_told_with_the_locals_of_its_frames(shell: Shell) -> None:
    shell.run("def share(total, parts, password='hunter2'):\n    return total / parts", "a")
    shell.run("share(1, 0)", "b")
    error = shell.delta()["executions"][-1]["error"]
    assert (error["name"], error["message"]) == ("ZeroDivisionError", "division by zero")
    frame = error["frames"][-1]
    assert (frame["function"], frame["line"], frame["cell_id"]) == ("share", 2, "a")
    assert frame["variables"] == {"total": "1", "parts": "0", "password": "[withheld]"}


def test_an_answer_that_failed_is_not_the_users_last_error(shell: Shell) -> None:
    shell.run("from jupyter_agent.kernelside.magic.errors import AgentFailed\nraise AgentFailed('no model')")
    (run,) = shell.delta()["executions"]
    assert (run["status"], run["error"]) == ("error", None)


def test_a_syntax_error_is_told_with_its_line(shell: Shell) -> None:
    shell.run("x = = 1")
    error = shell.delta()["executions"][-1]["error"]
    assert (error["name"], error["frames"][0]["source"].strip()) == ("SyntaxError", "x = = 1")


def test_V13_what_looks_secret_is_withheld(shell: Shell) -> None:
    shell.run("import os\npassword = 'hunter2-canary'\napi_key = 'canary'\nenv = os.environ\ncopy = dict(os.environ)")
    shell.run("plain = 'sk-canarycanarycanary123'\nd = {'token': 'canary', 'n': 1}\nurl = 'postgresql://u:canary@h/db'")
    shell.run("import pandas as pd\ndf = pd.DataFrame({'ssn': ['canary'], 'n': [1]})")
    shell.run("class C: pass\nc = C(); c.secret = 'canary'\ndef f(token='canary'): pass")
    os_value = __import__("os").environ["PATH"]
    names = [*shell.variables()]
    reply = json.dumps([shell.delta()["changed"], [shell.inspect(name) for name in names], shell.inspect("df", "ssn")])
    assert "canary" not in reply
    assert os_value not in reply
    assert shell.variables()["password"]["facts"] == {"withheld": True, "length": 14}
