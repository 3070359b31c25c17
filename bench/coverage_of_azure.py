"""Which lines of the azure path no test runs, held against the list in docs/azure.md.

    python -m bench.coverage_of_azure begin      from now on every process of this environment is traced
    bin/test …                                   whatever is to be counted
    python -m bench.coverage_of_azure check      ends that; exit 1 with the functions that the list does not name

Every process of the environment is traced, not only pytest's: commands, the engine's child, the plugin, agents of
process machines (they run this interpreter, with an environment of their own). So the tracer starts from a .pth file,
and saves each second: a machine's processes are killed, and say no farewell. Agents run from the bundle's copy of
tfinfra, whose paths are counted as the checkout's. Namespace machines have the system's Python and are not counted.
"""

from __future__ import annotations

import ast
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / ".coverage-data"
LIST = ROOT / "docs" / "azure.md"
HOOK = Path(sysconfig.get_path("purelib")) / "tfinfra_coverage.pth"
AGENT = ("metadata", "cleanup", "shared")
_ROW = re.compile(r"^\| `(?P<file>tfinfra/[\w/.]+\.py)` \| (?P<names>[^|]+) \| (?P<why>[^|]+\S) *\|$")
_NAME = re.compile(r"`([\w.]+)`")
# `source_pkgs` finds the modules wherever they are imported from: an agent has a copy of its own.
_CONFIG = """\
[run]
source_pkgs = tfinfra.azure, tfinfra.clouds, tfinfra.engine, tfinfra.store, tfinfra.agent
data_file = {data}/data
parallel = true
concurrency = thread
patch = _exit, execv
disable_warnings = no-data-collected, module-not-measured, module-not-imported, module-not-python
[paths]
checkout =
    {root}/tfinfra
    */opt/tfinfra/run/agent/tfinfra
    */agent/tfinfra
"""
_START = (
    "import sys, importlib.util; "
    "spec = importlib.util.spec_from_file_location('tfinfra_coverage_hook', {hook!r}); "
    "hook = importlib.util.module_from_spec(spec); spec.loader.exec_module(hook)"
)
_HOOK = """\
import atexit, contextlib, os, threading, time
import coverage

def _save(cov):
    with contextlib.suppress(Exception):  # the data's folder may have gone: `check` was called
        cov.save()

def _keep(cov):
    while True:
        time.sleep(1.0)
        _save(cov)

def _begin():
    cov = coverage.Coverage(config_file={config!r}, data_suffix=True)
    cov._warn_no_data = cov._warn_unimported_source = False
    cov.start()
    atexit.register(_save, cov)
    threading.Thread(target=_keep, args=(cov,), daemon=True, name="coverage").start()

if os.path.exists({config!r}) and not getattr(threading, "_tfinfra_coverage", None):
    threading._tfinfra_coverage = True  # the interpreter may read a .pth file twice
    _begin()
    os.register_at_fork(after_in_child=_begin)
"""


@dataclass(frozen=True)
class Function:
    """A function or method of the checkout, with the lines of it that no test ran."""

    file: str
    name: str
    lines: tuple[int, ...]


def begin() -> int:
    shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir()
    config, hook = DATA / "coverage.ini", DATA / "hook.py"
    config.write_text(_CONFIG.format(data=DATA, root=ROOT))
    hook.write_text(_HOOK.format(config=str(config)))
    HOOK.write_text(_START.format(hook=str(hook)) + "\n")
    return 0


def check() -> int:
    """The exit status: 0 where each line that no test ran is in a function of the list."""
    HOOK.unlink(missing_ok=True)
    listed = named(LIST.read_text(encoding="utf-8"))
    left = [f for f in unrun() if not is_listed(f, listed)]
    for function in left:
        print(f"{function.file}: {function.name}: no test runs {_spelt(function.lines)}")
    return 1 if left else 0


def named(text: str) -> dict[str, dict[str, str]]:
    """{file: {function: reason}} of the rows "| `file` | `function`, `function` | reason |"."""
    found: dict[str, dict[str, str]] = {}
    for row in filter(None, map(_ROW.match, text.splitlines())):
        names = dict.fromkeys(_NAME.findall(row["names"]), row["why"])
        found.setdefault(row["file"], {}).update(names)
    return found


def is_listed(function: Function, listed: Mapping[str, Mapping[str, str]]) -> bool:
    """A class that is listed stands for all of its methods."""
    names = listed.get(function.file, {})
    return function.name in names or function.name.partition(".")[0] in names


def unrun() -> Iterator[Function]:
    """The functions of the azure path with lines that no test ran, by the data that `begin` had collected."""
    import coverage

    counted = coverage.Coverage(config_file=str(DATA / "coverage.ini"))
    counted.combine([str(DATA)], keep=True)
    for path in measured():
        *_, missing, _ = counted.analysis2(str(path))
        yield from by_function(path, missing)


def measured() -> list[Path]:
    """The files of the azure path."""
    rooms = (ROOT / "tfinfra" / name for name in ("azure", "engine", "store"))
    files = [path for room in rooms for path in room.rglob("*.py")]
    return sorted([*files, ROOT / "tfinfra/clouds.py", *(ROOT / f"tfinfra/agent/{name}.py" for name in AGENT)])


def by_function(path: Path, missing: Sequence[int]) -> Iterator[Function]:
    """The missing lines of a file, each with the innermost function or method that it is in; "" is the module."""
    spans = sorted(_spans(ast.parse(path.read_text(encoding="utf-8")), ""), key=lambda span: span[1] - span[0])
    found: dict[str, list[int]] = {}
    for line in missing:
        name = next((name for first, last, name in spans if first <= line <= last), "")
        found.setdefault(name, []).append(line)
    file = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    yield from (Function(file, name, tuple(lines)) for name, lines in found.items())


def _spans(node: ast.AST, prefix: str) -> Iterator[tuple[int, int, str]]:
    """(first line, last line, dotted name) of each function. One inside another counts as the outer one's."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child.lineno, child.end_lineno or child.lineno, f"{prefix}{child.name}"
        elif isinstance(child, ast.ClassDef):
            yield from _spans(child, f"{prefix}{child.name}.")


def _spelt(lines: Sequence[int]) -> str:
    return f"line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}"


def main() -> int:
    verb = {"begin": begin, "check": check}.get(sys.argv[1] if len(sys.argv) == 2 else "")
    if verb is None:
        print(__doc__)
        return 2
    return verb()


if __name__ == "__main__":
    sys.exit(main())
