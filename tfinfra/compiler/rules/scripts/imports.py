"""Imports of the source directory's own modules that a node's Python cannot find: they would end the script there."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.packages.requirements import all_requirements, conda_specs, requirement_name
from tfinfra.compiler.project import LostImport
from tfinfra.compiler.source.made_modules import may_write
from tfinfra.compiler.source.script import line_of
from tfinfra.errors import Diagnostic, Position, Severity
from tfinfra.manifest.words.spelling_hints import did_you_mean
from tfinfra.model.entry import entry_of

_WITH_TENSORFLOW = frozenset(
    {
        *("absl", "astunparse", "certifi", "charset_normalizer", "cloudpickle", "flatbuffers", "gast", "google"),
        *("grpc", "h5py", "horovod", "idna", "keras", "libclang", "markdown", "markupsafe", "mdurl", "ml_dtypes"),
        *("mpi4py", "namex", "numpy", "opt_einsum", "optree", "packaging", "pkg_resources", "psutil", "pygments"),
        *("requests", "rich", "setuptools", "six", "tensorboard", "tensorflow", "tensorflow_estimator", "termcolor"),
        *("tf_keras", "typing_extensions", "urllib3", "werkzeug", "wheel", "wrapt", "yaml"),
    }
)
"""What TensorFlow and Horovod bring: a folder of such a name need not be what the script means."""


def imports_without_a_package(facts: Facts) -> Iterator[Diagnostic]:
    """Relative imports in files that belong to no package, or that lead out of it."""
    entry, source = entry_of(facts.manifest.entry_script), facts.project.source
    for lost in source.lost:
        if lost.how.why == "beyond":
            message = f"`{lost.statement}` leads out of the package that {lost.module} belongs to"
            yield _at(facts, lost, "TFI508", message, "take fewer dots, or a source_directory further up")
        elif lost.how.why == "no package":
            how = "is run by its path" if lost.module == source.entry and not entry.module else "is no package's module"
            message = f"`{lost.statement}` is relative, and {lost.module} {how}, so it fails"
            own = re.sub(r"^from \.+ import", "import", lost.statement)
            way_out = _from_above(facts) if lost.module == source.entry else None
            if lost.module == source.entry and not entry.module:
                way_out = way_out or _by_name(source.entry)
            way_out = way_out or f"`{re.sub(r'^from [.]+', 'from ', own)}`"
            yield _at(facts, lost, "TFI508", message, f"write {way_out}")


def imports_not_found(facts: Facts) -> Iterator[Diagnostic]:
    """Modules that are in source_directory, or whose package is, and not where Python looks for them: each once, where
    it is imported most surely."""
    entry, source = entry_of(facts.manifest.entry_script), facts.project.source
    folder = str(PurePosixPath(source.entry).parent)
    for lost in _most_certain(source.lost):
        if lost.how.why == "missing":
            message = f"`{lost.statement}` fails: source_directory has no module {lost.how.name}"
            hint = (
                did_you_mean(lost.how.found) if lost.how.found else "what a script imports travels in source_directory"
            )
            yield _at(facts, lost, "TFI509", message, hint)
        elif lost.how.why == "elsewhere" and lost.how.found and not may_be_installed(facts, lost.how.name):
            if entry.module:
                message = f"`{lost.statement}` fails: with -m Python looks in source_directory, not in {folder}/"
                hint = f"from there it is called {_dotted(lost.how.found)}"
            else:
                message = f"`{lost.statement}` fails: Python looks in {folder}/, the script's own folder, alone"
                other = "environment_variables: {PYTHONPATH: .}"
                hint = f"write {way_out}, or {other}" if (way_out := _by_name(source.entry)) else f"write {other}"
            yield _at(facts, lost, "TFI509", message, hint)


def _most_certain(lost: Iterable[LostImport]) -> Iterable[LostImport]:
    """Of the imports of each module the first of those that are sure, else the first."""
    found: dict[tuple[str, str], LostImport] = {}
    for one in lost:
        what = (one.how.why, one.how.name)
        if what not in found or one.certain > found[what].certain:
            found[what] = one
    return found.values()


def may_be_installed(facts: Facts, name: str) -> bool:
    """Whether Python itself or a package may have a module of that name."""
    top = name.partition(".")[0].lower()
    specs = (
        re.split(r"[\s=<>!~\[]", spec.rpartition("::")[2])[0] for spec in conda_specs(facts.manifest, facts.project)
    )
    packages = (*map(requirement_name, all_requirements(facts.manifest, facts.project)), *specs)
    named = any(top in package.lower().replace("-", "_") for package in packages)
    return named or top in sys.stdlib_module_names or top in _WITH_TENSORFLOW


def _by_name(path: str) -> str | None:
    """The way to run the script as a module of its package, None where its folders are no package's name."""
    parts = PurePosixPath(path).with_suffix("").parts
    fits = path.endswith(".py") and len(parts) > 1 and all(part.isidentifier() for part in parts)
    return f"`entry_script: -m {'.'.join(parts)}`" if fits else None


def _from_above(facts: Facts) -> str | None:
    """The way to run the script as a module of the package that the source directory itself is."""
    source = facts.project.source
    top = source.package.partition(".")[0]
    fits = source.entry.endswith(".py") and top and not facts.manifest.environment_variables.get("PYTHONPATH")
    return source.from_above(top, _dotted(source.entry)) if fits else None


def _dotted(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _at(facts: Facts, lost: LostImport, code: str, message: str, hint: str) -> Diagnostic:
    """An error where the script cannot get by the line; a setup script, or it itself, may yet make what is missing."""
    source = facts.project.source
    missing = lost.how.why == "missing"
    may_be_made = facts.manifest.setup_script or (
        missing and may_write({**source.modules, **source.skimmed}, lost.how.name)
    )
    sure = lost.certain and (code == "TFI508" or not may_be_made)
    text = line_of(source.text(lost.module), lost.line)
    position = Position(source.file(lost.module), lost.line, lost.column + 1, lost.length, text)
    severity = Severity.ERROR if sure else Severity.WARNING
    return Diagnostic(code, severity, message, "entry_script", position, hint)


RULES: tuple[Rule, ...] = (imports_without_a_package, imports_not_found)
