"""Files of other tools that are given as a requirements file: which they are, and what to do with them."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class OtherFile:
    """`what` it is, and the way out; `line` is where it shows."""

    what: str
    hint: str
    line: int = 1


_EXPORT = "write `uv export --no-emit-project -o requirements.txt`, or `pip list --format=freeze > requirements.txt`"
_CONDA = "write conda_dependencies_file: {file}"
_LIST = "write `pip list --format=freeze > requirements.txt`, or `conda env export --from-history > environment.yml`"
_CONTENTS = (
    (re.compile(r"^@EXPLICIT\s*$", re.M), "a list of conda's package files", _LIST),
    (re.compile(r"^[A-Za-z0-9_.-]+=[^=\s;]+=[\w.*]+\s*$", re.M), "a list that `conda list --export` writes", _LIST),
    (re.compile(r"^dependencies:\s*(\[.*)?$", re.M), "a conda environment file", _CONDA),
    (re.compile(r"^version https://git-lfs"), "a pointer of Git LFS", "run `git lfs pull`"),
    (re.compile(r"^Package +Version *\n-+ +-+", re.M), "the table that `pip list` prints", _LIST),
    (re.compile(r"^(from [\w.]+ import|import \w+|def \w+\()", re.M), "a Python script", _EXPORT),
    (re.compile(r"^\s*[{\[]\s*[\"\]}\n]"), "JSON", "write one requirement on each line"),
    (re.compile(r"^<{7} ", re.M), "a file with conflicts of a merge", "resolve them"),
    (re.compile(r"^\s*<(!doctype|html)\b", re.I), "a web page", "save the file itself"),
    (re.compile(r"^lock-version\s*=", re.M), "a pylock file", "write `uv export -o requirements.txt`"),
    (re.compile(r"^\[tool\.poetry\]", re.M), "a project of Poetry's", "write `poetry export -o requirements.txt`"),
    (re.compile(r"^\[(project|build-system)\]\s*$", re.M), "a pyproject.toml", _EXPORT),
    (re.compile(r"^\[\[package\]\]\s*$", re.M), "a lock file of another tool", "write `uv export -o requirements.txt`"),
)
_NAMES = (
    (re.compile(r"\.ya?ml$"), "a YAML file", _CONDA),
    (re.compile(r"(^|/)Pipfile(\.lock)?$"), "a file of pipenv", "write `pipenv requirements > requirements.txt`"),
    (re.compile(r"(\.toml|setup\.(py|cfg))$"), "a project's description", _EXPORT),
    (re.compile(r"\.(json|ipynb|lock|py|cfg|ini)$"), "a file of another tool", "write one requirement on each line"),
)


def by_content(file: str, text: str) -> OtherFile | None:
    """What the text itself says that it is."""
    for sign, what, hint in _CONTENTS:
        if found := sign.search(text):
            return OtherFile(what, hint.format(file=file), text.count("\n", 0, found.start()) + 1)
    return None


def by_name(file: str) -> OtherFile | None:
    """What the name lets expect, of a file whose lines are no requirements."""
    found = next(((what, hint) for sign, what, hint in _NAMES if sign.search(file)), None)
    return OtherFile(found[0], found[1].format(file=file)) if found else None
