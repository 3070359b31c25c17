"""Which lines of the azure path no test runs, held against the list in docs/azure.md. `bin/coverage` does all of it.

    python -m bench.coverage_of_azure begin      from now on every process of this environment is counted
    .venv/bin/pytest …                           whatever is to be counted
    python -m bench.coverage_of_azure end        processes that begin from now on are not
    python -m bench.coverage_of_azure check      exit 1 with the functions that the list does not name

Counted are all processes, not pytest's alone: commands, the engine's child, the plugin, agents of process machines
(they run this interpreter, with an environment of their own and the bundle's copy of tfinfra). Namespace machines have
the system's Python, in a file system of their own, and are not counted.
"""

from __future__ import annotations

import ast
import json
import marshal
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import marked_imports
from bench.marking import marked

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / ".coverage-data"
LIST = ROOT / "docs" / "azure.md"
HOOK = Path(sysconfig.get_path("purelib")) / "tfinfra_coverage.pth"
AGENT = (
    *("node/instance_metadata", "end/cleanup", "boot/shared_directory", "boot/bring_inputs", "boot/scratch"),
    *("devices/gate", "devices/links", "devices/nccl"),
)
_ENTRY = re.compile(r"- `(?P<file>tfinfra/[\w/.]+\.py)`: (?P<names>`[\w.]+`(, `[\w.]+`)*): (?P<why>\S.*)")
_NAME = re.compile(r"`([\w.]+)`")
_START = "import os; os.path.exists({hook!r}) and exec(open({hook!r}).read(), {{'__name__': 'tfinfra_marks'}})\n"


@dataclass(frozen=True)
class Function:
    """A function or method of the checkout, with the lines of it that no test ran."""

    file: str
    name: str
    lines: tuple[int, ...]


def begin() -> int:
    """`.coverage-data` gets the marked code, a byte for each statement of it, and which byte is whose."""
    shutil.rmtree(DATA, ignore_errors=True)
    (DATA / "code").mkdir(parents=True)
    index: dict[str, Any] = {}
    size = 0
    for path in measured():
        source = path.read_bytes()
        code, lines = marked(source.decode(), str(path), size)
        (DATA / "code" / _module(path)).write_bytes(marshal.dumps((source, code)))
        index[path.relative_to(ROOT).as_posix()] = {"first": size, "lines": lines, "source": source.decode()}
        size += len(lines)
    (DATA / "index.json").write_text(json.dumps(index))
    (DATA / "ran").write_bytes(bytes(size))
    hook = DATA / "hook.py"
    hook.write_text(f"{Path(marked_imports.__file__).read_text()}\n\ninstall({str(DATA)!r})\n")
    HOOK.write_text(_START.format(hook=str(hook)))
    return 0


def end() -> int:
    HOOK.unlink(missing_ok=True)
    return 0


def check() -> int:
    """The exit status: 0 where each line that no test ran is in a function of the list."""
    if not (DATA / "index.json").exists():
        print("nothing was counted: begin first, then run the tests")
        return 2
    listed = named(LIST.read_text(encoding="utf-8"))
    found = list(unrun())
    left = [f for f in found if not is_listed(f, listed)]
    for function in left:
        print(f"{function.file}: {function.name or 'the module'}: no test runs {_spelt(function.lines)}")
    for file, name in idle(found, listed):
        print(f"warning: {file}: {name}: every line was run; take it off the list in docs/azure.md")
    if left:
        print("write a test, or an entry with the reason under 'Lines that no test runs' in docs/azure.md;")
        print("a test that was skipped, or not run since 'begin', is missing here too")
    return 1 if left else 0


def named(text: str) -> dict[str, dict[str, str]]:
    """{file: {function: reason}} of the entries "- `file`: `function`, `function`: reason". The lines of an entry after
    its first are indented by two spaces."""
    found: dict[str, dict[str, str]] = {}
    for entry in filter(None, map(_ENTRY.fullmatch, text.replace("\n  ", " ").splitlines())):
        names = dict.fromkeys(_NAME.findall(entry["names"]), entry["why"])
        found.setdefault(entry["file"], {}).update(names)
    return found


def is_listed(function: Function, listed: Mapping[str, Mapping[str, str]]) -> bool:
    """A class that is listed stands for all of its methods."""
    names = listed.get(function.file, {})
    return function.name in names or function.name.partition(".")[0] in names


def idle(found: Sequence[Function], listed: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    """The (file, function) of the list with no line that no test ran."""
    for file, names in listed.items():
        left = {f.name for f in found if f.file == file}
        left |= {name.partition(".")[0] for name in left}
        yield from ((file, name) for name in names if name not in left)


def unrun() -> Iterator[Function]:
    """The functions of the azure path with statements that did not run since `begin`.

    A file that has changed since then is told on stderr: its lines are those that it had.
    """
    ran = (DATA / "ran").read_bytes()
    for file, entry in json.loads((DATA / "index.json").read_text()).items():
        path = ROOT / file
        if not path.exists() or path.read_text(encoding="utf-8") != entry["source"]:
            print(f"{file} has changed since the counting began", file=sys.stderr)
        first = entry["first"]
        missing = [line for i, line in enumerate(entry["lines"]) if not ran[first + i]]
        yield from by_function(file, entry["source"], sorted(missing))


def measured() -> list[Path]:
    """The files of the azure path."""
    rooms = (ROOT / "tfinfra" / name for name in ("azure", "engine", "store"))
    files = [path for room in rooms for path in room.rglob("*.py")]
    return sorted([*files, ROOT / "tfinfra/clouds.py", *(ROOT / f"tfinfra/agent/{name}.py" for name in AGENT)])


def by_function(file: str, source: str, missing: Sequence[int]) -> Iterator[Function]:
    """The missing lines of a file, each with the function or method that it is in; "" is the module."""
    spans = list(_spans(ast.parse(source), ""))
    found: dict[str, list[int]] = {}
    for line in missing:
        name = next((name for first, last, name in spans if first <= line <= last), "")
        found.setdefault(name, []).append(line)
    yield from (Function(file, name, tuple(lines)) for name, lines in found.items())


def _spans(node: ast.AST, prefix: str) -> Iterator[tuple[int, int, str]]:
    """(first line, last line, dotted name) of each function. One inside another counts as the outer one's."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child.lineno, child.end_lineno or child.lineno, f"{prefix}{child.name}"
        elif isinstance(child, ast.ClassDef):
            yield from _spans(child, f"{prefix}{child.name}.")


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _spelt(lines: Sequence[int]) -> str:
    return f"line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}"


def main() -> int:
    verb = {"begin": begin, "end": end, "check": check}.get(sys.argv[1] if len(sys.argv) == 2 else "")
    if verb is None:
        print(__doc__)
        return 2
    return verb()


if __name__ == "__main__":
    sys.exit(main())
