"""Results of runs: how long they took, what they bound, and tracebacks without the frames of libraries."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_agent.core.protocols import ToolContext
from jupyter_agent.kernels.owned_kernel import start_kernel
from jupyter_agent.tools.running import RunCode
from jupyter_agent.tools.tracebacks import without_library_frames

CHAINED = """\
before
---------------------------------------------------------------------------
KeyError                                  Traceback (most recent call last)
File /x/lib/python3.11/site-packages/pandas/core/indexes/base.py:3816, in Index.get_loc(self, key)
   3815 try:
-> 3816     return self._engine.get_loc(casted_key)

File pandas/_libs/index.pyx:172, in pandas._libs.index.IndexEngine.get_loc()

KeyError: 'foo'

The above exception was the direct cause of the following exception:

KeyError                                  Traceback (most recent call last)
Cell In[1], line 6
      5     return df[x]
----> 6 f('foo')

File ~/work/mine.py:5, in f(x)
      4 def f(x):
----> 5     return df[x]

File /x/lib/python3.11/site-packages/pandas/core/frame.py:4330, in DataFrame.__getitem__(self, key)
   4326 if True:
-> 4330     indexer = self.columns.get_loc(key)

File ~/.pyenv/versions/3.11.7/lib/python3.11/json/decoder.py:337, in JSONDecoder.decode(self, s, _w)
--> 337     obj, end = self.raw_decode(s, idx=_w(s, 0).end())

KeyError: 'foo'
of two lines
"""
SHORT = """\
before
KeyError                                  Traceback (most recent call last)
Cell In[1], line 6
      5     return df[x]
----> 6 f('foo')

File ~/work/mine.py:5, in f(x)
      4 def f(x):
----> 5     return df[x]

[… 2 frame(s) of libraries, from DataFrame.__getitem__(self, key) on …]

KeyError: 'foo'
of two lines
"""
PLAIN = """\
Traceback (most recent call last):
  File "/home/me/mine.py", line 3, in <module>
    main()
  File "/usr/lib/python3.11/json/__init__.py", line 346, in loads
    return _default_decoder.decode(s)
ValueError: no
"""


def test_the_users_frames_and_the_error_are_left() -> None:
    assert without_library_frames(CHAINED).replace("\n\nKeyError   ", "\nKeyError   ") == SHORT


def test_pythons_own_form_is_read_too() -> None:
    short = without_library_frames(PLAIN)
    assert 'File "/home/me/mine.py", line 3' in short
    assert "json" not in short
    assert short.endswith("ValueError: no\n")


@pytest.mark.parametrize(
    "text", ["", "3", "File x\n  1 a\n", "  Cell In[4], line 1\n    def (\n        ^\nSyntaxError: no\n"]
)
def test_what_is_no_traceback_stays(text: str) -> None:
    assert without_library_frames(text) == text


def test_what_the_user_raised_on_the_way_stays() -> None:
    text = CHAINED.replace("/x/lib/python3.11/site-packages/pandas/core/indexes/", "~/work/")
    assert without_library_frames(text).count("KeyError: 'foo'") == 2


async def test_a_run_says_its_time_and_its_names_and_a_failure_its_own_frames(tmp_path: Path) -> None:
    kernel, stop = await start_kernel(str(tmp_path))
    try:
        await kernel.state(timeout=20)
        await _run_all(ToolContext(kernel, None, None))
    finally:
        await stop()


async def _run_all(context: ToolContext) -> None:
    output = await RunCode().call({"code": "rows = [1]\nold = 2\nprint('hi')"}, context)
    assert output.content == "hi\n"
    assert output.note.startswith("[0.")
    assert output.note.endswith(" s; bound: old, rows]")
    output = await RunCode().call({"code": "rows.append(2)\ndel old"}, context)
    assert output.note.endswith("; changed in place: rows; deleted: old]")
    output = await RunCode().call({"code": "import json\njson.loads('{')"}, context)
    assert "json.loads('{')" in output.content
    assert "decoder.py" not in output.content
    assert "JSONDecodeError: Expecting property name" in output.content
    output = await RunCode().call({"code": "def g(n):\n    return g(n + 1)\n\ng(1)"}, context)
    assert "RecursionError: maximum recursion depth" in output.content
    assert len(output.content) < 2_000
