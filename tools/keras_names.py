"""`python -m tools.keras_names FOLDER` makes tfinfra/catalog/data/keras_names.json anew, from wheels of Keras that pip
fetches into FOLDER: which modules and names of earlier Kerases a later one does not have, and where they are now.

Two trees of names: what `keras.` reaches, and what `tensorflow.keras.` does. The wheels are read, never imported.
"""

from __future__ import annotations

import argparse
import ast
import json
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "tfinfra/catalog/data/keras_names.json"
SOURCE = "wheels of keras, by tools/keras_names.py; `gone`: {name: [the first Keras without it, where it is now]}"
EARLIER = ("2.2.5", "2.3.1", "2.6.0", "2.9.0", "2.11.0")
"""Kerases that no supported TensorFlow brings, and that scripts were written for."""
LATER = {"2.12": ("2.12.0",), "2.13": ("2.13.1",), "2.14": ("2.14.0",), "2.15": ("2.15.0",), "3": ("3.0.5", "")}
"""{what a TensorFlow brings: the releases that stand for it, "" for the newest}: a name is gone that none has."""
TREES = {
    "keras": ("keras/", "keras/api/"),
    "tensorflow.keras": ("keras/_tf_keras/keras/", "keras/api/_tf_keras/keras/", "keras/api/_v2/keras/"),
}
"""{what a script writes: the folders of a wheel in which Python looks for what comes next}"""
TENSORFLOW_1 = ("keras/api/_v1/keras/",)
"""Where a Keras 2 has what `tensorflow.keras` was with TensorFlow 1."""
_NOT_A_SCRIPTS = (
    "api",
    "src",
    "tests",
    "testing_infra",
    "protobuf",
    "integration_test",
    "benchmarks",
    "tools",
    "dtensor",
)
_BY_HAND = {
    "wrappers.scikit_learn": "pip_packages: [scikeras]",
    "utils.multi_gpu_model": "tf.distribute.MirroredStrategy",
    "utils.multi_gpu_utils": "tf.distribute.MirroredStrategy",
    "layers.CuDNNLSTM": "layers.LSTM",
    "layers.CuDNNGRU": "layers.GRU",
    "layers.cudnn_recurrent": "layers",
    "optimizers.adam_v2": "optimizers",
    "layers.preprocessing": "layers",
    "mixed_precision.loss_scale": "mixed_precision",
    "backend.set_session": "tf.config.set_visible_devices(…), tf.config.experimental.set_memory_growth(…): no session",
    "losses.cosine": "losses.cosine_similarity",
    "losses.cosine_proximity": "losses.cosine_similarity",
    "metrics.cosine": "losses.cosine_similarity",
    "metrics.cosine_proximity": "losses.cosine_similarity",
    "initializers.normal": "initializers.RandomNormal",
    "initializers.uniform": "initializers.RandomUniform",
    "experimental.export_saved_model": "model.save(…): a method of the model",
    "experimental.load_from_saved_model": "models.load_model",
    "engine": "layers",
    "engine.topology": "layers",
    "engine.base_layer": "layers",
    "legacy": "",
    "estimator": "",
    "experimental": "",
}
"""Where the same name is nowhere, or means something else: {name: what takes its place}."""


@dataclass(frozen=True)
class Tree:
    """The `modules` of one tree, each with the names that it binds."""

    modules: Mapping[str, frozenset[str]]

    @property
    def names(self) -> frozenset[str]:
        """All dotted names, modules and members."""
        members = {f"{module}.{name}".lstrip(".") for module, names in self.modules.items() for name in names}
        return frozenset({*self.modules, *members} - {""})


class Wheel:
    """One wheel, read."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            found = [name for name in archive.namelist() if name.startswith("keras/") and name.endswith(".py")]
            self._texts = {name: archive.read(name).decode("utf-8") for name in found if not name.endswith("_test.py")}

    def tree(self, folders: Iterable[str]) -> Tree:
        found: dict[str, set[str]] = {}
        for folder in folders:
            for path in self._texts:
                module = _module(path, folder)
                if module is not None:
                    found.setdefault(module, set()).update(self._bound(path, depth=0))
        for module in [*found]:
            parent, _, name = module.rpartition(".")
            if module and parent in found:
                found[parent].add(name)
        return Tree({module: frozenset(names) for module, names in found.items()})

    def _bound(self, path: str, depth: int) -> Iterator[str]:
        """The public names that a module binds at its top, those that it takes by a star too."""
        is_package = path.endswith("__init__.py")
        for node in ast.parse(self._texts[path]).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                yield from _public([node.name])
            elif isinstance(node, ast.Assign):
                yield from _public(target.id for target in node.targets if isinstance(target, ast.Name))
            elif isinstance(node, ast.ImportFrom) and (is_package or depth):
                if [one.name for one in node.names] == ["*"]:
                    source = self._file(path, node)
                    yield from self._bound(source, depth + 1) if source and depth < 9 else ()
                else:
                    yield from _public(one.asname or one.name for one in node.names)

    def _file(self, path: str, node: ast.ImportFrom) -> str | None:
        """The file of the module that an import takes all of."""
        folder = path.split("/")[:-1]
        above = folder[: len(folder) - node.level + 1] if node.level else []
        stem = "/".join([*above, *(node.module or "").split(".")]).strip("/")
        return next((one for one in (f"{stem}.py", f"{stem}/__init__.py") if one in self._texts), None)


def _public(names: Iterable[str]) -> Iterator[str]:
    yield from (name for name in names if not name.startswith("_"))


def _module(path: str, folder: str) -> str | None:
    """The dotted name of a file below `folder`, "" of its own __init__; None of what no script imports."""
    if not path.startswith(folder):
        return None
    parts = path.removeprefix(folder).removesuffix(".py").split("/")
    if parts[-1] == "__init__":
        parts.pop()
    if any(part.startswith("_") or part in _NOT_A_SCRIPTS for part in parts):
        return None
    return ".".join(parts)


def fetched(version: str, folder: Path) -> Wheel:
    """The wheel of one release; `folder` keeps it."""
    named = f"keras=={version}" if version else "keras"
    into = folder / (version or "newest")
    if not any(into.glob("*.whl")):
        line = ["-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", str(into), named]
        subprocess.run([sys.executable, *line], check=True)
    (path,) = into.glob("*.whl")
    return Wheel(path)


def gone(
    earlier: Iterable[Tree],
    later: Mapping[str, list[Tree]],
    published: frozenset[str],
    elsewhere: frozenset[str],
    compat: frozenset[str],
) -> dict[str, list[str]]:
    """{name: [the first version without it, what to write]}: names of the earlier trees, and of each later one, that
    none after some version has. Of what was in a module that is gone, the modules with a place of their own are listed.
    `published` are the names beside modules that were ever meant for scripts; `elsewhere` are the names of
    the other tree's newest version, `compat` those of `tf.compat.v1.keras` in the last Keras 2."""
    has = {version: frozenset().union(*(tree.names for tree in trees)) for version, trees in later.items()}
    all_trees = [*earlier, *(tree for trees in later.values() for tree in trees)]
    modules = frozenset().union(*(tree.modules for tree in all_trees)) - {""}
    wanted = modules | (published & frozenset().union(*(tree.names for tree in all_trees)))
    versions, found = [*later], dict[str, list[str]]()
    for name in sorted(wanted):
        with_it = [number for number, version in enumerate(versions) if name in has[version]]
        first = with_it[-1] + 1 if with_it else 0
        above = [name.rsplit(".", count)[0] for count in range(1, name.count(".") + 1)]
        if first == len(versions):
            continue
        there = frozenset.intersection(*(has[version] for version in versions[first:]))
        members = _members(name, all_trees)
        instead = _instead(name, members, there, elsewhere)
        if not instead and name in compat and first < len(versions) - 1:
            instead = f"tf.compat.v1.keras.{name}: TensorFlow before 2.16 has it there"
        is_covered = any(one in found and versions.index(found[one][0]) <= first for one in above)
        if not is_covered or (members and instead):
            found[name] = [versions[first], instead]
    return found


def _members(name: str, trees: Iterable[Tree]) -> frozenset[str]:
    """What a module has beside modules."""
    found = frozenset().union(*(tree.modules.get(name, frozenset()) for tree in trees))
    inner = frozenset().union(*(tree.modules for tree in trees))
    return frozenset(one for one in found if f"{name}.{one}" not in inner)


def _instead(name: str, members: frozenset[str], there: frozenset[str], elsewhere: frozenset[str]) -> str:
    """Where the name is now: the module with most of what a module had, or the same name in another place; "" where
    that cannot be told."""
    if name in _BY_HAND:
        return _BY_HAND[name]
    parent, _, last = name.rpartition(".")
    if members:
        places = Counter(one.rpartition(".")[0] for one in there if one.rpartition(".")[2] in members)
        top = name.split(".", maxsplit=1)[0]
        near = {place: count for place, count in places.items() if place.split(".", maxsplit=1)[0] == top}
        best = max(near or places, key=lambda place: (places[place], -place.count("."), place), default="")
        enough = min(3, len(members) / 2) if near else len(members) / 2
        return best if best and places[best] >= enough else ""
    if name in elsewhere:
        return f"tensorflow.keras.{name}"
    alike = [one for one in there if one.rpartition(".")[0] == parent and one.lower() == name.lower()]
    same = [one for one in there if one.rpartition(".")[2] == last]
    return min(alike or same, key=lambda one: (one.count("."), one), default="")


def made(folder: Path) -> dict[str, object]:
    """The file's content."""
    earlier = [fetched(version, folder) for version in EARLIER]
    later = {name: [fetched(version, folder) for version in versions] for name, versions in LATER.items()}
    newest = later["3"][-1].tree(TREES["tensorflow.keras"]).names
    all_wheels = [*earlier, *(wheel for wheels in later.values() for wheel in wheels)]
    with_1 = [wheel.tree(TENSORFLOW_1) for wheel in all_wheels]
    last_2 = [wheel for name, wheels in later.items() if name != "3" for wheel in wheels]
    of_keras = [wheel.tree(("keras/",)) for wheel in (*earlier, *last_2)]  # "tensorflow." before what was Keras's own
    published = frozenset().union(*(one.names for one in with_1))
    published |= frozenset().union(*(wheel.tree(TREES["tensorflow.keras"]).names for wheel in all_wheels))
    rows = {
        name: gone(
            [
                *(wheel.tree(folders) for wheel in earlier),
                *((*with_1, *of_keras) if name == "tensorflow.keras" else ()),
            ],
            {version: [wheel.tree(folders) for wheel in wheels] for version, wheels in later.items()},
            published | {*_BY_HAND},
            newest if name == "keras" else frozenset(),
            later["2.15"][-1].tree(TENSORFLOW_1).names,
        )
        for name, folders in TREES.items()
    }
    return {"source": SOURCE, "gone": rows}


def written(content: Mapping[str, object]) -> str:
    """JSON with a name a line."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    return text.replace("[\n    ", "[").replace('",\n    "', '", "').replace('"\n   ]', '"]') + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.keras_names", description=f"Makes {TARGET} anew.")
    parser.add_argument("folder", type=Path, help="takes the wheels; those that are there are not fetched again")
    TARGET.write_text(written(made(parser.parse_args().folder)), encoding="utf-8")
