"""Every line by which a user asks pip for something, with its place: those of pip_packages, of the requirements file
and of the files that it names, of the `pip:` list of an environment file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tfinfra.compiler.packages.conda_file import CondaFile, read_conda_file
from tfinfra.compiler.packages.read_files import is_url, nested_file
from tfinfra.compiler.packages.requirements_file import FileLine, read_line, read_lines
from tfinfra.compiler.project import Project
from tfinfra.environment.requirements.requirement import named
from tfinfra.errors import Position
from tfinfra.manifest.document import dotted
from tfinfra.manifest.manifest import Manifest


@dataclass(frozen=True)
class Written:
    """A line and its place: `path` is the key that it belongs to, `file` the requirements file that it stands in, ""
    for a list of YAML. A `constraint` limits what others ask for. `lost`: why a file that it names is not read, with
    the way out."""

    line: FileLine
    path: str
    position: Position | None
    file: str = ""
    constraint: bool = False
    lost: tuple[str, str] | None = None

    @property
    def requirement(self) -> str:
        """What it asks for, without its options; "" where it has nothing but options. A repository that is to be
        editable is one, whose package is in the environment all the same."""
        editable = self.line.given("--editable")
        return named(self.line.requirement or (editable[0] if editable and is_url(editable[0]) else ""))

    @property
    def hashes(self) -> tuple[str, ...]:
        return self.line.given("--hash")

    @property
    def text(self) -> str:
        """The requirement with its hashes, as a lock is made from it."""
        return " ".join([self.requirement, *(f"--hash={one}" for one in self.hashes)])


def conda_file(manifest: Manifest, project: Project) -> CondaFile | None:
    """The environment file, None where the manifest names none or it cannot be read."""
    name = manifest.conda_dependencies_file
    text = project.source.requirements.get(name or "")
    return read_conda_file(text, project.source.file(str(name))) if name and text is not None else None


def written_lines(manifest: Manifest, project: Project) -> tuple[Written, ...]:
    """All of them, those of pip_packages first, those of an environment file last."""
    found = list(_of_list(manifest, "pip_packages"))
    if file := manifest.pip_requirements_file:
        found += _Files(project, "pip_requirements_file").lines(file, constraint=False)
    if of_conda := conda_file(manifest, project):
        files = _Files(project, "conda_dependencies_file")
        for path, text in of_conda.pip:
            one = Written(read_line(text), dotted(path), of_conda.document.value(path))
            found += files.with_nested(one, str(manifest.conda_dependencies_file), ())
    return tuple(found)


def _of_list(manifest: Manifest, key: str) -> Iterator[Written]:
    for path, text in manifest.items(key):
        yield Written(read_line(text), dotted(path), manifest.document.value(path))


class _Files:
    """Walks requirements files along what they name. A file that two others name is read once as each of the two kinds:
    requirements, and constraints."""

    def __init__(self, project: Project, key: str) -> None:
        self._source = project.source
        self._key = key
        self._done: set[tuple[str, bool]] = set()

    def lines(self, file: str, *, constraint: bool, above: tuple[str, ...] = ()) -> Iterator[Written]:
        text = self._source.requirements.get(file)
        if text is None or (file, constraint) in self._done:
            return
        self._done.add((file, constraint))
        raw = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for line in read_lines(text):
            first = raw[line.number - 1]
            position = Position(self._source.file(file), line.number, 1, len(first.rstrip()), first)
            one = Written(line, self._key, position, file, constraint)
            yield from self.with_nested(one, file, (*above, file))

    def with_nested(self, one: Written, file: str, above: tuple[str, ...]) -> Iterator[Written]:
        """The line itself, with why it cannot be followed, then the lines of the files that it names."""
        names = [(name, one.constraint) for name in one.line.given("--requirement")]
        names += [(name, True) for name in one.line.given("--constraint")]
        nested = [(nested_file(file, name), name, constraint) for name, constraint in names]
        lost = next((why for path, name, _ in nested if (why := self._lost(path, name, above))), None)
        yield replace(one, lost=lost)
        for path, name, constraint in nested:
            if not is_url(name) and path not in above:
                yield from self.lines(path, constraint=constraint, above=above)

    def _lost(self, path: str, name: str, above: tuple[str, ...]) -> tuple[str, str] | None:
        source = self._source
        if is_url(name):
            return "it is not a file of source_directory", "save it there, and name the file"
        if path in above:
            return "it names itself, by way of " + " and ".join(above[above.index(path) :]), "remove one of the two"
        if path in source.requirements or path in source.odd_bytes:
            return None
        reason = source.problems.get(path, "there are too many files that name one another")
        hint = "it is relative to the file that names it, and stays inside source_directory"
        return reason, source.problems.get(f"{path}?", hint)
