"""Where a Python script says that it writes, by its syntax tree: the literal paths that it gives to what writes files.

The compiler asks this before a run, and nodes after it. A path counts as far as it is a literal: `f"/tmp/model-{n}"`
is known up to "/tmp/model-". Names that are assigned once, `os.path.join`, `Path(…) / …` and the defaults of argparse
are followed; what is computed is not.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class WrittenPath:
    """A path as far as it is known, and `whole` where that is all of it; else it may have a known `end`: ".h5" of
    `f"/tmp/{name}.h5"`. `call` is what writes there: a function, or the argument whose default it is (`--job-dir`), or
    whose value (`model_dir`). The place is that of the literal: a 1-based line, a 0-based column. `logs`: it is for
    TensorBoard. `literal`: what stands at the place, where that is an argument's default, which others may join to."""

    path: str
    whole: bool
    call: str
    line: int
    column: int
    length: int
    logs: bool = False
    end: str = ""
    literal: str | None = None

    @property
    def begin(self) -> str:
        """What is certain of its beginning: Keras and TensorFlow put numbers into `{epoch}` and `%d` themselves."""
        return self.path.partition("{")[0].partition("%")[0]

    @property
    def shown(self) -> str:
        """As far as it is known, with "…" for the rest: "/tmp/….h5"."""
        return self.path if self.whole else f"{self.path}…{self.end}"

    @property
    def instead(self) -> str:
        """What to write in its place, so that it is among the outputs: "outputs/….h5"."""
        first = self.literal
        if first and first != self.path and self.path.startswith(first):  # the rest is joined to it elsewhere
            return kept_instead(first, logs=self.logs) + "/" * first.endswith("/")
        kept = kept_instead(self.path, logs=self.logs)
        between = "/" if self.path.endswith("/") and not self.end.startswith("/") else ""
        return kept if self.whole else f"{kept}{between}…{self.end}"

    @property
    def pattern(self) -> tuple[str, str] | None:
        """The folder, ending with "/", and the end of the name, where these two are all that is known and tell which
        file it is: ("/tmp/", ".h5"). None where the path is whole, or more or less of it is known."""
        if self.whole and self.begin == self.path:
            return None
        end = _LAST_FIELD.sub("", self.path) if self.whole else self.end
        return (self.begin, end) if self.begin.endswith("/") and _EXTENSION.search(end) else None

    @property
    def is_anybodys(self) -> bool:
        """Whether every program of its user writes where it does, and nothing of its name is known."""
        return self.pattern is None and self.begin.rstrip("/") in _ANYBODYS


@dataclass(frozen=True)
class WrittenPaths:
    """`read`: literals that the script also reads, or asks whether they are there: files of its own. `folders`: where
    it changes its working folder to. `named`: all other literals that begin with "/" or "~/"."""

    written: tuple[WrittenPath, ...] = ()
    read: frozenset[str] = frozenset()
    folders: tuple[str, ...] = ()
    changes_folder: bool = False
    named: frozenset[str] = frozenset()


# What writes: {the last part of its name: (which argument is the path, its name)}. tf.keras, TensorFlow 1 and 2,
# TensorBoard, pandas, NumPy, Matplotlib, OpenCV; each as its own documentation has it.
_WRITERS: Mapping[str, tuple[int, str]] = {
    "ModelCheckpoint": (0, "filepath"),
    "BackupAndRestore": (0, "backup_dir"),
    "CSVLogger": (0, "filename"),
    "save_weights": (0, "filepath"),
    "save_model": (1, "filepath"),
    "CheckpointManager": (1, "directory"),
    "CheckpointSaverHook": (0, "checkpoint_dir"),
    "MonitoredTrainingSession": (2, "checkpoint_dir"),
    "write_out": (0, "filepath"),
    "export_saved_model": (0, "export_dir_base"),
    "export_savedmodel": (0, "export_dir_base"),
    "savefig": (0, "fname"),
    "to_csv": (0, "path_or_buf"),
    "to_json": (0, "path_or_buf"),
    "to_parquet": (0, "path"),
    "to_pickle": (0, "path"),
    "to_feather": (0, "path"),
    "to_excel": (0, "excel_writer"),
    "savez": (0, "file"),
    "savez_compressed": (0, "file"),
    "savetxt": (0, "fname"),
    "imwrite": (0, "filename"),
    "write_text": (-1, ""),
    "write_bytes": (-1, ""),
}
_LOGGERS: Mapping[str, tuple[int, str]] = {
    "TensorBoard": (0, "log_dir"),
    "SummaryWriter": (0, "log_dir"),
    "FileWriter": (0, "logdir"),
    "create_file_writer": (0, "logdir"),
}
_SECOND = ("tensorflow.saved_model.save", "tf.saved_model.save", "torch.save", "joblib.dump")
"""Those whose second argument is the path."""
_OPENERS = ("open", "GFile", "File")
_READERS = {
    *("load", "read", "read_csv", "read_json", "read_parquet", "read_pickle", "loadtxt", "genfromtxt", "imread"),
    *("exists", "isfile", "is_file", "TFRecordDataset", "TextLineDataset", "read_text", "read_bytes"),
    *("remove", "unlink", "rmtree"),
}
_ARGUMENTS = {
    *("job_dir", "model_dir", "log_dir", "logdir", "output_dir", "output_path", "out_dir", "outdir", "save_dir"),
    *("save_path", "checkpoint_dir", "checkpoint_format", "ckpt_dir", "export_dir", "results_dir"),
    *("tensorboard_dir", "tb_dir", "summary_dir", "summaries_dir"),
}
"""Names of arguments, "-" as "_", whose value is where a script writes. A train_dir is as often what it reads."""
_Known = tuple[str, bool, ast.expr]
_DEEPEST, _LONGEST = 10, 4096
"""Names that are followed, one to the next; characters of a path (PATH_MAX)."""
_NO_FILES = ("/dev/", "/proc/", "/sys/", "/var/lib/tfinfra/", "/mnt/tfinfra/")
"""No files are made there, or what is made there is tfinfra's: a node's common directory."""
_ANYBODYS = ("", "/tmp", "/var/tmp", "/home", "/root", "~")  # noqa: S108  told of, not written to
_EXTENSION = re.compile(r"\.\w+$")
_FIELD = r"\{[^{}]*\}|%[-#0 +]*\d*(?:\.\d+)?[a-zA-Z]"
_LAST_FIELD = re.compile(rf".*(?:{_FIELD})", re.DOTALL)
_NO_ARGUMENTS: Mapping[str, str | None] = MappingProxyType({})


_JOINERS = ("join", "joinpath", "Path", "PurePath", "PosixPath", "str", "fspath", "abspath", "expanduser")
_FORMATS = ("png", "jpeg", "jpg", "gif", "bmp", "tiff", "webp", "pdf", "svg", "h5", "keras", "tf")
"""What the second argument of a `save` may be: `image.save(file, "PNG")`, `model.save(path, "tf")`."""


def written_paths(tree: ast.Module, given: Mapping[str, str | None] = _NO_ARGUMENTS) -> WrittenPaths:
    """What `tree` says. `given` are the script's arguments, by flag: an argument that is given has no default."""
    reader = _Reader(tree, given)
    written = tuple(sorted(reader.written(), key=lambda each: (each.line, each.column)))
    return WrittenPaths(written, *reader.others())


@dataclass
class _Reader:
    tree: ast.Module
    given: Mapping[str, str | None]
    _names: dict[str, ast.expr] = field(default_factory=dict)
    _defaults: dict[str, ast.expr] = field(default_factory=dict)
    _calls: list[ast.Call] = field(default_factory=list)
    _found: dict[tuple[int, int], _Known | None] = field(default_factory=dict)
    _nodes: list[ast.AST] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._nodes = list(ast.walk(self.tree))
        stored = Counter(
            node.id for node in self._nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        )
        parameters = {node.arg for node in self._nodes if isinstance(node, ast.arg)}
        for node in self._nodes:
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
                if stored[name] == 1 and name not in parameters:
                    self._names[name] = node.value
            elif isinstance(node, ast.Call):
                self._calls.append(node)
        for call, flags in self._flags():
            default = _keyword(call, "default")
            if default is not None and not any(flag in self.given for flag in flags):
                self._defaults[_destination(call, flags)] = default
        changed = {
            node.attr for node in self._nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        }
        self._defaults = {name: value for name, value in self._defaults.items() if name not in changed}

    def written(self) -> Iterator[WrittenPath]:
        seen = set[tuple[int, int]]()
        for call in self._calls:
            for value, logs in self._targets(call):
                found = self._known(value)
                if found is None or not found[0]:
                    continue
                path, whole, at = found
                place = (at.lineno, at.col_offset)
                if place not in seen:
                    seen.add(place)
                    call_or_keyword = "model_dir" if value is _keyword(call, "model_dir") else _last(call.func)
                    end = "" if whole else self._end(value)
                    literal = _literal(at) if at in self._defaults.values() else None
                    yield WrittenPath(path, whole, call_or_keyword, *place, _length(at), logs, end, literal)
        for call, flags in self._flags():
            name = _destination(call, flags)
            default = self._defaults.get(name)
            if name in _ARGUMENTS and default is not None and (found := self._known(default)):
                path, whole, at = found
                # A relative one may be joined to anything.
                if path.startswith(("/", "~/")) and (at.lineno, at.col_offset) not in seen:
                    seen.add((at.lineno, at.col_offset))
                    logs = "log" in name or "tensorboard" in name or "summar" in name
                    yield WrittenPath(path, whole, flags[-1], at.lineno, at.col_offset, _length(at), logs)

    def others(self) -> tuple[frozenset[str], tuple[str, ...], bool, frozenset[str]]:
        """WrittenPaths' other fields."""
        read, folders, changes = set[str](), list[str](), False
        for call in self._calls:
            name = _last(call.func)
            if name in ("chdir", "fchdir"):
                changes = True
                folders += [found[0] for value in call.args[:1] if (found := self._known(value)) and found[1]]
            reads = name in _READERS or (name in _OPENERS and not _writes(call))
            values = [*call.args[:1], *([call.func.value] if isinstance(call.func, ast.Attribute) else [])]
            read |= {found[0] for value in values if reads and (found := self._known(value))}
        texts = (node.value for node in self._nodes if isinstance(node, ast.Constant))
        named = frozenset(text for text in texts if isinstance(text, str) and text.startswith(("/", "~/")))
        return frozenset(read), tuple(folders), changes, named

    def _targets(self, call: ast.Call) -> Iterator[tuple[ast.expr, bool]]:
        """The arguments of a call that are paths which it writes, and whether they are logs."""
        name, dotted = _last(call.func), _dotted(call.func)
        for known, logs in ((_WRITERS, False), (_LOGGERS, True)):
            if name in known:
                index, keyword = known[name]
                if index < 0 and isinstance(call.func, ast.Attribute):
                    yield call.func.value, logs
                elif (value := _argument(call, index, keyword)) is not None:
                    yield value, logs
        if name == "export" and isinstance(call.func, ast.Attribute):
            yield from ((value, False) for value in [_argument(call, 0, "filepath")] if value is not None)
        if dotted in _SECOND:
            yield from ((value, False) for value in call.args[1:2])
        elif name == "save" and isinstance(call.func, ast.Attribute):
            paths = ((value, self._known(value)) for value in call.args[:2])
            yield from ((value, False) for value, text in paths if text and text[0].lower() not in _FORMATS)
        elif name in _OPENERS and _writes(call):
            if _is_method(call) and isinstance(call.func, ast.Attribute):
                yield call.func.value, False
            else:
                yield from ((value, False) for value in call.args[:1])
        if (value := _keyword(call, "model_dir")) is not None:
            yield value, False

    def _flags(self) -> Iterator[tuple[ast.Call, list[str]]]:
        """Each argument of argparse, with its flags."""
        for call in self._calls:
            if _last(call.func) != "add_argument":
                continue
            texts = [value.value for value in call.args if isinstance(value, ast.Constant)]
            flags = [text for text in texts if isinstance(text, str) and text.startswith("-")]
            if flags:
                yield call, sorted(flags, key=lambda flag: flag.startswith("--"))

    def _known(self, value: ast.expr, depth: int = 0) -> _Known | None:
        """The literal that a value begins with, whether it is all of it, and where it stands. Each value is read once:
        names that are made of one another, each several times, would take as long as one likes."""
        key = (id(value), depth)
        if key not in self._found:
            found = self._read(value, depth) if depth <= _DEEPEST else None
            if found is not None and len(found[0]) > _LONGEST:
                found = found[0][:_LONGEST], False, found[2]
            self._found[key] = found
        return self._found[key]

    def _read(self, value: ast.expr, depth: int) -> _Known | None:
        found: _Known | None = None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            found = value.value, True, value
        elif isinstance(value, ast.JoinedStr) and value.values and isinstance(value.values[0], ast.Constant):
            found = str(value.values[0].value), len(value.values) == 1, value
        elif isinstance(value, ast.Name) and value.id in self._names:
            found = self._known(self._names[value.id], depth + 1)
        elif isinstance(value, ast.Attribute) and value.attr in self._defaults and isinstance(value.value, ast.Name):
            found = self._known(self._defaults[value.attr], depth + 1)
        elif isinstance(value, ast.BinOp):
            found = self._of_operator(value, depth)
        elif isinstance(value, ast.Call):
            found = self._of_call(value, depth)
        elif isinstance(value, ast.IfExp):  # './model' if hvd.rank() == 0 else None
            found = self._known(value.body, depth + 1) or self._known(value.orelse, depth + 1)
        return found

    def _end(self, value: ast.expr) -> str:
        """The literal that a value ends with, "" where that is not known."""
        filled, between = False, ""
        for _ in range(_DEEPEST):
            last = self._last_part(value)
            if last is None:
                break
            filled = filled or isinstance(getattr(value, "op", None), ast.Mod) or last is _filled(value)
            between = "/" if _joins(value) else between if isinstance(value, ast.Name) else ""
            value = last
        text = value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""
        return _LAST_FIELD.sub("", text) if filled else text and between + text

    def _last_part(self, value: ast.expr) -> ast.expr | None:
        """What a value that is put together ends with; of a text that is filled in, the text itself."""
        if isinstance(value, ast.JoinedStr) and value.values:
            return value.values[-1]
        if isinstance(value, ast.Name):
            return self._names.get(value.id)
        if isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Mod, ast.Add, ast.Div)):
            return value.left if isinstance(value.op, ast.Mod) else value.right
        if isinstance(value, ast.Call) and value.args and _last(value.func) in _JOINERS:
            return value.args[-1]
        return _filled(value)

    def _of_operator(self, value: ast.BinOp, depth: int) -> _Known | None:
        left = self._known(value.left, depth + 1)
        if left is None:
            return None
        if isinstance(value.op, ast.Mod):
            return left[0].partition("%")[0], False, left[2]
        right = self._known(value.right, depth + 1) if left[1] else None
        if isinstance(value.op, ast.Div):
            return (posixpath.join(left[0], right[0] if right else ""), right is not None and right[1], left[2])
        if isinstance(value.op, ast.Add):
            return (left[0] + (right[0] if right else ""), right is not None and right[1], left[2])
        return None

    def _of_call(self, call: ast.Call, depth: int) -> _Known | None:
        name, arguments = _last(call.func), list[ast.expr](call.args)
        if name in _JOINERS:
            if (
                name in ("joinpath", "expanduser")
                and isinstance(call.func, ast.Attribute)
                and not _is_path(call.func.value)
            ):
                arguments.insert(0, call.func.value)
            return self._joined(arguments, depth)
        if name == "format" and isinstance(call.func, ast.Attribute):
            found = self._known(call.func.value, depth + 1)
            return (found[0].partition("{")[0], False, found[2]) if found else None
        return None

    def _joined(self, parts: list[ast.expr], depth: int) -> _Known | None:
        known = [self._known(part, depth + 1) for part in parts]
        if not known or known[0] is None:
            return None
        path, whole, at = known[0]
        for each in known[1:]:
            if not whole or each is None:
                return posixpath.join(path, ""), False, at
            path, whole = posixpath.join(path, each[0]), each[1]
        return path, whole, at


def _joins(value: ast.expr) -> bool:
    """Whether it puts its last part behind a "/"."""
    several = isinstance(value, ast.Call) and _last(value.func) in _JOINERS and len(value.args) > 1
    return several or (isinstance(value, ast.BinOp) and isinstance(value.op, ast.Div))


def _filled(value: ast.expr) -> ast.expr | None:
    """The text of `text.format(…)`."""
    is_format = isinstance(value, ast.Call) and _last(value.func) == "format"
    return (
        value.func.value
        if is_format and isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute)
        else None
    )


def _destination(call: ast.Call, flags: list[str]) -> str:
    """The attribute that an argument of argparse becomes."""
    dest = _keyword(call, "dest")
    named = isinstance(dest, ast.Constant) and isinstance(dest.value, str)
    return str(dest.value) if named and isinstance(dest, ast.Constant) else flags[-1].lstrip("-").replace("-", "_")


def _last(function: ast.expr) -> str:
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def _dotted(value: ast.expr) -> str:
    """ "tf.saved_model.save", "" for what is no plain name."""
    parts = list[str]()
    while isinstance(value, ast.Attribute):
        parts.append(value.attr)
        value = value.value
    return ".".join([value.id, *reversed(parts)]) if isinstance(value, ast.Name) else ""


def _is_path(value: ast.expr) -> bool:
    """Whether it is os.path, whose functions take the path as their argument."""
    return _dotted(value) in ("os.path", "path", "posixpath", "os", "osp")


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((each.value for each in call.keywords if each.arg == name), None)


def _argument(call: ast.Call, index: int, keyword: str) -> ast.expr | None:
    if index < len(call.args) and not any(isinstance(value, ast.Starred) for value in call.args):
        return call.args[index]
    return _keyword(call, keyword)


def _is_method(call: ast.Call) -> bool:
    """Whether an `open` is a path's own, whose first argument is the mode: `Path(…).open("w")`."""
    return isinstance(call.func, ast.Attribute) and len(call.args) < 2 and (not call.args or bool(_mode(call, 0)))


def _mode(call: ast.Call, index: int) -> str | None:
    """The argument where it is a mode of `open`."""
    value = _argument(call, index, "mode")
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
        return None
    return value.value if value.value and not set(value.value) - set("rwxabt+U") and len(value.value) <= 4 else None


def _writes(call: ast.Call) -> bool:
    """Whether an `open` is for writing."""
    mode = _mode(call, 0 if _is_method(call) else 1) or "r"
    return bool(set(mode) & set("wxa+"))


def _length(node: ast.expr) -> int:
    same = node.end_lineno == node.lineno and node.end_col_offset is not None
    return max(1, (node.end_col_offset or 0) - node.col_offset) if same else 1


def writes_by_name(flag: str) -> bool:
    """Whether the name of an argument (`--job-dir`) says that its value is where the script writes."""
    return flag.lstrip("-").replace("-", "_") in _ARGUMENTS


def is_kept(path: str) -> bool:
    """Whether what is written at a path, seen from a task's working folder, is among the outputs, or is no file."""
    if not path or "://" in path or path.startswith(_NO_FILES):
        return True
    first = posixpath.normpath(path).split("/")[0]
    return first in ("outputs", "logs")


def _literal(at: ast.expr) -> str | None:
    return at.value if isinstance(at, ast.Constant) and isinstance(at.value, str) else None


def kept_instead(path: str, *, logs: bool = False) -> str:
    """What to write in place of a path, so that it is among the outputs: "outputs/model/weights" for
    "/tmp/model/weights"."""
    for begin in ("/var/tmp/", "/tmp/", "~/"):  # noqa: S108  these are what is taken away
        if path.startswith(begin):
            path = path[len(begin) :]
            break
    else:
        path = posixpath.basename(path.rstrip("/")) if path.startswith("/") else path
    parts = [part for part in posixpath.normpath(path).split("/") if part not in ("", ".", "..")]
    folder = "logs" if logs else "outputs"
    if parts and parts[0] == folder:
        parts = parts[1:]
    return "/".join([folder, *parts])
