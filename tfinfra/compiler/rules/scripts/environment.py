"""What the script imports from outside of source_directory, against what Python and the training environment have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tfinfra.catalog.images import AZURE_NODES
from tfinfra.catalog.modules.module_names import known_modules, owners, usual_owner
from tfinfra.catalog.modules.package_names import gone, not_of_tensorflow
from tfinfra.catalog.modules.python_modules import brings, is_of_windows, last_with, since_python_3
from tfinfra.catalog.modules.python_names import lacking, names_in, versions_with
from tfinfra.catalog.tensorflow import full_version, minor_of
from tfinfra.compiler.environment_modules import EnvironmentModules, of_requirements
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.project import OutsideImport, SourceDirectory
from tfinfra.compiler.source.made_modules import may_write
from tfinfra.compiler.source.script import line_of
from tfinfra.errors import Diagnostic, Position, Severity
from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest

_ANYTHING = re.compile(
    r"-r\s|requirements|environment\.ya?ml|\.whl|setup\.py|install\s+(-e\s+)?[./]|\.tar|\.zip"
    r"|\b(git|protoc|unzip|wget|curl|make|cmake|cythonize)\b"
)
"""A setup script that installs by a list of its own, which is not read, or that fetches or makes code."""


_AZURE_ML = re.compile(r"(?i)(?:\S+::)?azureml[-_](?!mlflow)")
"""A requirement of Azure ML's SDK; azureml-mlflow alone brings no Run."""
_SHORTEST_SLIP = 4


def imports_that_nothing_meets(facts: Facts) -> Iterator[Diagnostic]:
    """Modules that will not be there. Each once, where it is imported most surely; nothing is said of what may be there
    for all that is known."""
    if facts.spec is None or not facts.project.source.outside or not facts.manifest.sound("python_version"):
        return
    python = facts.manifest.python_version
    asked = _not_of_python(facts)
    if not asked:  # to look into an environment takes longer than all other rules together
        return
    known = facts.launch.modules or _known(facts)
    lacking: dict[str, OutsideImport] = {}
    for one in asked:
        top = _top(one)
        if known.provides(one.name, one.members) is not False:
            continue
        if not _is_made_by_setup(facts, one.name) and (top not in lacking or one.certain > lacking[top].certain):
            lacking[top] = one
    yield from (_diagnostic(facts, one, known, python) for one in lacking.values())


def azure_mls_own_run(facts: Facts) -> Iterator[Diagnostic]:
    """Azure ML's Run where its SDK is installed: it is there, and logs to nobody. Once."""
    if facts.spec is None:
        return
    wanted = facts.spec.requirements
    if not any(_AZURE_ML.match(line) for line in (*wanted.pip, *wanted.conda)):
        return
    for one in facts.project.source.outside:
        if _is_azure_mls_run(one):
            message = f"`{one.statement}`: outside of Azure ML this Run only prints what is logged"
            hint = _for_experiments(one)
            yield Diagnostic("TFI540", Severity.WARNING, message, "entry_script", _position(facts, one), hint)
            return


def names_that_python_lacks(facts: Facts) -> Iterator[Diagnostic]:
    """What is imported from inside of the standard library, and is not there in python_version. Each once, where it is
    imported most surely."""
    python, found = facts.manifest.python_version, dict[str, OutsideImport]()
    if not facts.manifest.sound("python_version"):
        return
    for one in facts.project.source.outside:
        if not brings(_top(one), python):
            continue
        name = lacking(one.name, one.members, python)
        if name and (name not in found or one.certain > found[name].certain):
            found[name] = one
    for name, one in found.items():
        message = f"`{one.statement}` fails: Python {python} has no {name}"
        yield _at(facts, one, message, _in_place_of(name, python))


def names_that_packages_lack(facts: Facts) -> Iterator[Diagnostic]:
    """Modules and names that TensorFlow does not have, or that other packages have no longer, each once."""
    manifest, said = facts.manifest, dict[str, tuple[OutsideImport, str]]()
    if facts.spec is None or not manifest.sound("framework_version"):
        return
    for one in facts.project.source.outside:
        name, hint = not_of_tensorflow(one.name, one.members, minor_of(facts.spec.requirements.framework_version)), ""
        if name:
            hint = (
                "TensorFlow's API documentation lists what there is; a module of your own travels in source_directory"
            )
        elif found := gone(one.name, one.members):
            name, hint = found[0], f"it is {found[1]} now"
        if name and (name not in said or one.certain > said[name][0].certain):
            said[name] = one, hint
    deep = [one for one in _not_of_python(facts) if _is_inside(one)]
    known = facts.launch.modules or (_known(facts) if said or deep else None)
    for one in deep:
        name = known.installed.lacks(one.name) if known and known.installed else None
        if name and (name not in said or one.certain > said[name][0].certain):
            said[name] = one, "the environment was built before, and its files do not have it"
    for name, (one, hint) in said.items():
        if known and known.provides(name.partition(".")[0]):
            package = "TensorFlow" if name.startswith("tensorflow.") else ""
            has = f"{package} {full_version(manifest.framework_version)}" if package else "the environment"
            yield _at(facts, one, f"`{one.statement}` fails: {has} has no {name}", hint)


def _is_inside(one: OutsideImport) -> bool:
    """Whether it is a module in a package of which no other list is kept."""
    return "." in one.name and _top(one) not in ("tensorflow", "keras", "horovod")


def _top(one: OutsideImport) -> str:
    return one.name.partition(".")[0]


def _in_place_of(name: str, python: str) -> str:
    """The way out of a name that a version of Python does not have."""
    module, _, member = name.rpartition(".")
    if others := versions_with(name):
        return f"Python {others[0]} to {others[-1]} has it: write that python_version, or import what took its place"
    if near := nearest(member, names_in(module, python)):
        return did_you_mean(f"{module}.{near}")
    return "was the script written for Python 2? `2to3` translates it"


def undecided(facts: Facts, known: EnvironmentModules) -> bool:
    """Whether the script imports something of which `known` cannot tell whether it will be there."""
    return any(known.provides(one.name, one.members) is None for one in _not_of_python(facts))


def _not_of_python(facts: Facts) -> list[OutsideImport]:
    """Of what the script imports from outside, all but Python's own and what tfinfra itself gives each task."""
    python = facts.manifest.python_version
    return [one for one in facts.project.source.outside if not brings(_top(one), python) and not one.is_given]


def _known(facts: Facts) -> EnvironmentModules:
    assert facts.spec is not None  # noqa: S101  the caller has looked
    platform = "" if facts.spec.target.cloud == "local" or facts.project.rehearse else AZURE_NODES
    wanted = facts.spec.requirements
    return facts.project.environment(wanted, platform) or of_requirements(wanted)


def _is_made_by_setup(facts: Facts, name: str) -> bool:
    """Whether the setup script may install the module, by what stands in it."""
    text = facts.project.source.programs.get(facts.manifest.setup_script or "", "")
    words = {name.partition(".")[0], *(owner.partition("-")[0] for owner in owners(name))}
    return bool(_ANYTHING.search(text)) or any(word in text for word in words)


def _diagnostic(facts: Facts, one: OutsideImport, known: EnvironmentModules, python: str) -> Diagnostic:
    top = _top(one)
    message, hint = f"`{one.statement}` fails: ", _for_experiments(one) or _way_out(facts, one, known)
    if is_of_windows(top):
        message += f"{top} is a module of Python on Windows"
        hint = "nodes run Linux: import it under a condition, or leave it out"
    elif new := since_python_3(top):
        message += f"{top} is a module of Python 2"
        hint = f"in Python 3 it is {new}; `2to3` translates the script"
    elif last := last_with(top):
        message += f"Python {python} has no {top}; the last with it was {last}"
        hint = f"write python_version: '{last}', or import what took its place"
    else:
        lacking = top if known.provides(top) is False else one.name
        message += f"neither source_directory nor the environment has {lacking}"
    return _at(facts, one, message, hint)


def _at(facts: Facts, one: OutsideImport, message: str, hint: str) -> Diagnostic:
    """An error where the import runs for certain, and nothing may make what it imports before."""
    source = facts.project.source
    may_be_made = facts.manifest.setup_script or may_write({**source.modules, **source.skimmed}, one.name)
    sure = one.certain and not may_be_made
    severity = Severity.ERROR if sure else Severity.WARNING
    return Diagnostic("TFI510", severity, message, "entry_script", _position(facts, one), hint)


def _position(facts: Facts, one: OutsideImport) -> Position:
    source = facts.project.source
    text = line_of(source.text(one.module), one.line)
    return Position(source.file(one.module), one.line, one.column + 1, one.length, text)


def _way_out(facts: Facts, one: OutsideImport, known: EnvironmentModules) -> str:
    top, source = _top(one), facts.project.source
    if top == "horovod" or top in source.hollow:
        return _instead_of(source.hollow[top]) if top in source.hollow else "distributed_backend: mpi brings Horovod"
    module = source.entry.removesuffix(".py").replace("/", ".")
    if source.entry.endswith(".py") and (instead := source.from_above(top, module)):
        return f"source_directory is in that package: write {instead}"
    package = usual_owner(one.name)
    if one.folder.startswith("..") or (one.folder and not package):
        return _where_it_is(source, one.folder)
    if package or one.alike:
        alike = f"a node's disk tells capitals from small letters: write {one.alike}"
        return f"write pip_packages: [{package}]" if package else alike
    beside = {path.partition("/")[0].removesuffix(".py") for path in source.modules}
    installed = {package.replace("-", "_") for package in known.packages}
    public = (name for name in sorted({*beside, *known_modules(), *installed}) if not name.startswith("_"))
    if near := next((name for name in public if _is_slip(top, name)), None):
        return did_you_mean(near)
    own = "a module of your own travels in source_directory"
    return f"name the package that has it in pip_packages; {own}"


def _for_experiments(one: OutsideImport) -> str:
    """What to write for a module that scripts log their metrics with, or search by; "" for all others."""
    if _top(one) == "tfinfra":
        return "of tfinfra a training script has `from tfinfra import Run` alone"
    if _top(one) == "mlflow":
        return "write pip_packages: [mlflow-skinny, pandas, scipy]; what it logs then comes home with the run"
    if _is_azure_mls_run(one):
        return "write `from tfinfra import Run`: it has get_context, log, log_list, log_row, log_table, log_image, tag"
    if one.name.startswith("azureml.train.hyperdrive") or (one.name == "azureml.train" and "hyperdrive" in one.members):
        return "remove it here: a search is the manifest's key `tune`, or HyperDriveConfig where the run is submitted"
    return ""


def _is_azure_mls_run(one: OutsideImport) -> bool:
    return one.name == "azureml.core.run" or (one.name == "azureml.core" and "Run" in one.members)


def _instead_of(there: str) -> str:
    if there.endswith("empty"):
        return f"{there}: a submodule of git's? `git submodule update --init` fetches it"
    return f"{there}: only files are copied to the nodes"


def _where_it_is(source: SourceDirectory, folder: str) -> str:
    if not folder.startswith(".."):
        return f"it is in {folder}/: write `environment_variables: {{PYTHONPATH: {folder}}}`"
    steps = folder.count("..")
    above, script = source.above(steps), "/".join([*source.root.parts[-steps:], source.entry])
    return (
        f"it is in {above}: write `source_directory: {above}`, `entry_script: {script}` and "
        "`environment_variables: {PYTHONPATH: .}`"
    )


def _is_slip(written: str, name: str) -> bool:
    """Whether one letter is wrong, missing or too many, or two are exchanged; so many modules allow for no more. Few
    slips are in the first letter, and of short names any other is near."""
    if len(written) < _SHORTEST_SLIP or written[0] != name[0]:
        return False
    if len(written) == len(name):
        wrong = [index for index, (a, b) in enumerate(zip(written, name, strict=True)) if a != b]
        return len(wrong) == 1 or (len(wrong) == 2 and sorted(written) == sorted(name))
    short, long = sorted((written, name), key=len)
    return len(long) - len(short) == 1 and any(long[:at] + long[at + 1 :] == short for at in range(len(long)))


RULES: tuple[Rule, ...] = (
    imports_that_nothing_meets,
    azure_mls_own_run,
    names_that_python_lacks,
    names_that_packages_lack,
)
