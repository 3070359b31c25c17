"""`python -m tools.tensorflow_names MINOR=FOLDER…` makes tfinfra/catalog/data/tensorflow_names.json anew: what is in
TensorFlow's packages, those of its interface and those of `tensorflow.python`, in any of its versions that are given.
FOLDER holds the `tensorflow` of one version, unpacked; it is read, never imported.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "tfinfra/catalog/data/tensorflow_names.json"
SOURCE = (
    "wheels of tensorflow, by tools/tensorflow_names.py; `packages`: {package below tensorflow, "
    '"" itself: modules in it and names of its __init__ in any of `versions`}'
)
_BY_THEMSELVES = re.compile(r"import \*|__getattr__|__path__|sys\.modules|setattr|globals\(|exec\(|[Ll]azy")
"""What an __init__ has that makes names which its text does not bind."""


def packages(tensorflow: Path) -> Iterator[tuple[str, frozenset[str] | None]]:
    """Each package of one version with what is in it, None where that cannot be read."""
    interface, inner = tensorflow / "_api/v2", tensorflow / "python"
    own = (tensorflow / "__init__.py").read_text("utf-8")
    yield "", frozenset({*_children(tensorflow), *_children(interface), *re.findall(r"[A-Za-z]\w*", own)})
    for root, name in ((interface, ""), (inner, "python")):
        for path in sorted(root.rglob("__init__.py")):
            parts = [*([name] if name else []), *path.parent.relative_to(root).parts]
            if not parts or parts[0] == "compat" or any(part.startswith("_") for part in parts):
                continue
            text = path.read_text("utf-8")
            is_open = _BY_THEMSELVES.search(text) is not None
            yield ".".join(parts), None if is_open else frozenset({*_children(path.parent), *_bound(text)})


def _children(folder: Path) -> Iterator[str]:
    yield from (path.name.partition(".")[0] for path in folder.iterdir() if not path.name.startswith("_"))


def _files(root: Path, before: str) -> set[str]:
    """The modules that are files: what is one in some version may be a package in another."""
    names = (path.relative_to(root).with_suffix("") for path in root.rglob("*.py") if path.name != "__init__.py")
    return {before + ".".join(name.parts) for name in names}


def _bound(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from ((one.asname or one.name).partition(".")[0] for one in node.names)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def made(given: Iterable[str]) -> dict[str, object]:
    """The file's content."""
    folders = dict(one.split("=", 1) for one in given)
    found: dict[str, set[str]] = {}
    opened = set[str]()
    for folder in folders.values():
        for name, inside in packages(Path(folder)):
            found.setdefault(name, set()).update(inside or ())
            opened |= {name} if inside is None else set()
        for name in found:  # a folder beside the interface, which Python finds in its place: lite
            top = name.partition(".")[0]
            opened |= {name} if top not in ("", "python") and (Path(folder) / top).is_dir() else set()
        opened |= _files(Path(folder) / "python", "python.") | _files(Path(folder) / "_api/v2", "")
    rows = {
        name: " ".join(sorted(one for one in inside if not one.startswith("_")))
        for name, inside in sorted(found.items())
        if name not in opened
    }
    return {"source": SOURCE, "versions": sorted(folders), "packages": rows}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.tensorflow_names", description=f"Makes {TARGET} anew.")
    parser.add_argument("given", nargs="+", metavar="MINOR=FOLDER", help="2.15=/tmp/wheel/tensorflow")
    text = json.dumps(made(parser.parse_args().given), indent=1, ensure_ascii=False)
    TARGET.write_text(text + "\n", encoding="utf-8")
