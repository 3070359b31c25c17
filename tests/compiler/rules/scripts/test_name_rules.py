"""Names that nothing defines, and those that something may: each by a sentence."""

from __future__ import annotations

import builtins
from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import said_of
from tfinfra.compiler.source.bound_names import BUILTINS

TABLE: dict[str, tuple[str, list[str]]] = {
    "an import that was forgotten": ("print(1)\nos.makedirs('x')\n", ["2:1 os write `import os`"]),
    "a slip of the pen": ("value = 1\nprint(vlaue)\n", ["2:7 vlaue did you mean 'value'?"]),
    "Python 2": ("for i in xrange(3): pass\n", ["1:10 xrange in Python 3 it is range"]),
    "a notebook that was made a script": (
        "get_ipython().system('ls')\ndisplay(1)\n",
        [
            "1:1 get_ipython only a notebook has it: packages belong in pip_packages, shell commands in setup_script",
            "2:1 display only a notebook has it: print it, or save it to ./outputs",
        ],
    ),
    "a usual short name": ("x = np.zeros(3)\n", ["1:5 np write `import numpy as np`"]),
    "in a function that main calls": (
        "def main():\n    frob()\nmain()\n",
        ["2:5 frob import it, or give it a value first"],
    ),
    "in a function that nobody is sure to call": ("def later():\n    frob()\n", []),
    "under a condition": ("if len('a'):\n    frob()\n", []),
    "after the end": ("import os\nos._exit(0)\nfrob()\n", []),
    "after an end under a condition": ("import sys\nif sys.argv[1:]:\n    raise SystemExit\nfrob()\n", []),
    "after a check that fails": (
        "import sys\nif sys.argv[9:]:\n    raise ValueError\nfrob()\n",
        ["4:1 frob import it, or give it a value first"],
    ),
    "in the message of an assertion": ("import sys\nassert sys.argv, frob\n", []),
    "in what is asserted": ("assert frob, 'none'\n", ["1:8 frob import it, or give it a value first"]),
    "in a generator, which a call does not run": (
        "def items():\n    yield frob\nkept = items()\nasync def more():\n    yield frob\nmore()\n",
        [],
    ),
    "beside a generator": (
        "def main():\n    def items():\n        yield 1\n    return frob\nmain()\n",
        ["4:12 frob import it, or give it a value first"],
    ),
    "where it is looked for": ("try:\n    unicode\nexcept NameError:\n    unicode = str\nunicode('a')\n", []),
    "where its failure is borne": ("try:\n    xrange(3)\nexcept NameError:\n    pass\n", []),
    "in a comprehension, of no item perhaps": ("import sys\nprint([frob for _ in sys.argv[9:]])\n", []),
    "in an annotation": ("from __future__ import annotations\nx: Frob = 1\ndef f(a: Frob) -> Frob: pass\n", []),
    "a name of a loop, a handler, an item, a pattern": (
        "import sys\nfor a, (b, *c) in []: pass\nwith open(__file__) as d: pass\n"
        "try:\n    pass\nexcept OSError as e:\n    print(e)\n"
        "match sys.argv:\n    case [f, *g]: pass\n    case {'h': h, **i}: pass\n    case int() as j: pass\n"
        "print((k := 1), [l for l in 'x'])\ndef m(n, *o, p=1, **q): return n, o, p, q\nclass R: s = 1\n"
        "import t.u as v, json.decoder\nglobal w\n"
        "if sys.argv[9:]:\n    print(a, b, c, d, f, g, h, i, j, k, m, R, v, json, w)\nprint(k, m, R, json)\n",
        [],
    ),
    "all of another module": ("from os.path import *\nprint(join('a', 'b'))\n", []),
    "made by code": ("globals()['frob'] = 1\nprint(frob)\n", []),
    "put among Python's own": ("import builtins\nbuiltins.frob = 1\nprint(frob)\n", []),
    "what every module has": ("print(__file__, __name__, __doc__, __spec__, __builtins__, exit, quit)\n", []),
}


@pytest.mark.parametrize(("script", "expected"), TABLE.values(), ids=TABLE)
def test_what_is_said(tmp_path: Path, script: str, expected: list[str]) -> None:
    found = [d for d in said_of(tmp_path, {"train.py": script}) if d.code == "TFI529"]
    said = [f"{d.position.line}:{d.position.column} {d.message.split()[4][:-1]} {d.hint}" for d in found if d.position]
    assert said == expected
    assert all(d.is_error for d in found)


def test_what_this_python_has_without_an_import_is_known() -> None:
    assert {*dir(builtins)} <= BUILTINS
