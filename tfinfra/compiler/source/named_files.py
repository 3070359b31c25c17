"""The files that a script reads by a name that is written out: `open("data/x.csv")`, `pd.read_csv(…)`."""

from __future__ import annotations

import ast
import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tfinfra.compiler.project import Reach, Sure
from tfinfra.compiler.source.reached import reached
from tfinfra.compiler.source.script import nodes_of, parse, span

_READ = frozenset(
    {
        *(
            "read_csv",
            "read_table",
            "read_json",
            "read_parquet",
            "read_pickle",
            "read_excel",
            "read_hdf",
            "read_feather",
        ),
        *("loadtxt", "genfromtxt", "fromfile", "imread", "load_img", "read_file", "load_model", "load_weights", "load"),
        *("image_dataset_from_directory", "text_dataset_from_directory", "flow_from_directory", "TextLineDataset"),
        *("TFRecordDataset", "FixedLengthRecordDataset", "CsvDataset", "make_csv_dataset", "listdir", "scandir"),
    }
)
"""The last part of the names of functions whose first argument is read."""
_OPEN = frozenset({"open", "GFile", "File"})
"""These read where their mode says so, or says nothing."""
_PATH_METHODS = frozenset({"read_text", "read_bytes", "iterdir"})
_KEYWORDS = frozenset({"file", "path", "filename", "filepath", "filepath_or_buffer", "directory", "filenames", "fname"})
_LONGEST = 1000
DRIVE = re.compile(r"[A-Za-z]:[\\/]")
"""How a path of Windows begins."""


@dataclass(frozen=True)
class NamedFile:
    """`name` is relative to the source directory; the place is that of the call. `certain`: the script gets there
    whenever it runs, and names the file nowhere else, where it might make it or look for it first. `flags`: the name is
    the default of the argument that is called so."""

    name: str
    module: str
    line: int
    column: int
    length: int
    certain: bool
    flags: tuple[str, ...] = ()


def named_files(modules: Mapping[str, str], reach: Mapping[str, Reach]) -> tuple[NamedFile, ...]:
    """What the modules read by name, in their order. Tasks start in the copy of the source directory."""
    found = (one for one in _named(modules, reach) if is_relative(one.name))
    return tuple(replace(one, name=posixpath.normpath(one.name)) for one in found)


def files_elsewhere(modules: Mapping[str, str], reach: Mapping[str, Reach]) -> tuple[NamedFile, ...]:
    """What they read for certain by a name that does not lead into the source directory, as it is written."""
    return tuple(one for one in _named(modules, reach) if one.certain and one.name and _is_elsewhere(one.name))


def _is_elsewhere(name: str) -> bool:
    return not is_relative(name) or DRIVE.match(name) is not None


def _named(modules: Mapping[str, str], reach: Mapping[str, Reach]) -> list[NamedFile]:
    found: list[NamedFile] = []
    texts: Counter[str] = Counter()
    for module, text in modules.items():
        tree = parse(text)
        if not isinstance(tree, ast.Module):
            continue
        texts.update(
            node.value for node in nodes_of(tree) if isinstance(node, ast.Constant) and type(node.value) is str
        )
        how = reach.get(module, Reach(Sure.LATER))
        for node, sure in reached(tree, as_program=how.as_program):
            if isinstance(node, ast.Call):
                certain = min(sure, how.sure) is Sure.ALWAYS
                where = (module, node.lineno, *span(node))
                found += [NamedFile(name, *where, certain) for name in _read_by(node)]
                found += [NamedFile(name, *where, certain=False, flags=flags) for name, flags in _default_of(node)]
    unique = {(one.module, one.line, one.column, one.name): one for one in found}
    return [
        replace(one, certain=one.certain and texts[one.name] == 1)
        for one in sorted(unique.values(), key=lambda one: (list(modules).index(one.module), one.line, one.column))
    ]


def is_relative(name: str) -> bool:
    """Whether a text may be the name of a file in the source directory."""
    inside = not posixpath.normpath(name).startswith("..")
    return bool(name) and len(name) <= _LONGEST and inside and name[0] not in "/~" and "\0" not in name


def _read_by(call: ast.Call) -> Iterator[str]:
    """The literal names of what a call reads."""
    function = call.func
    name = (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Call):
        inner = function.value
        made = inner.func.id if isinstance(inner.func, ast.Name) else getattr(inner.func, "attr", "")
        if made == "Path" and len(inner.args) == 1 and (name in _PATH_METHODS or (name == "open" and _reads(call, 0))):
            yield from _texts(inner.args[0])
            return
    if name in _READ or (name in _OPEN and _reads(call, 1)):
        given = [*call.args[:1], *(one.value for one in call.keywords if one.arg in _KEYWORDS)]
        for each in given[:1]:
            yield from _texts(each)


def _default_of(call: ast.Call) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The default of an argument of argparse or click, a text, with the argument's flags."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name in ("add_argument", "option", "argument"):
        flags = tuple(text for one in call.args for text in _texts(one))
        yield from ((text, flags) for one in call.keywords if one.arg == "default" for text in _texts(one.value))


def _reads(call: ast.Call, at: int) -> bool:
    """Whether the mode, the argument at `at`, is one for reading."""
    modes = [*call.args[at : at + 1], *(one.value for one in call.keywords if one.arg == "mode")]
    if not modes:
        return True
    mode = modes[0]
    return (
        isinstance(mode, ast.Constant)
        and isinstance(mode.value, str)
        and mode.value[:1] == "r"
        and "+" not in mode.value
    )


def _texts(node: ast.expr) -> Iterator[str]:
    parts = node.elts if isinstance(node, (ast.List, ast.Tuple)) else [node]
    for part in parts:
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
