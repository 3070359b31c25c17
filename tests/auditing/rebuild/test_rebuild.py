"""A run's environment and deploy folder made anew out of its signed evidence: the same bytes where nothing was changed,
the file by its name where something was, and nothing that hostile evidence asks for."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.auditing.clean import a_node
from tests.auditing.rebuild.wheels import Index, served, wheel
from tests.evidence.made import ORIGIN, a_key, a_material
from tests.locking import locks
from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.read_evidence import read_evidence
from tfinfra.auditing.run_files import Auditor, PublicKey, RunFiles
from tfinfra.environment.build_anew import build_anew
from tfinfra.environment.interpreter import Interpreter
from tfinfra.environment.recipe import RECIPE
from tfinfra.environment.requirements.markers import this_platform
from tfinfra.errors import DifferenceFound, UsageError
from tfinfra.evidence.build import unsigned
from tfinfra.evidence.dsse import bundle
from tfinfra.evidence.names import SIGNATURES, SUMS
from tfinfra.evidence.sums import sha256
from tfinfra.lifecycle.auditing.rebuild import environment as rebuilt_environment
from tfinfra.lifecycle.auditing.rebuild.rebuild import rebuild
from tfinfra.lifecycle.locking import make as making
from tfinfra.lifecycle.locking.locked_environment import Upgrade
from tfinfra.locking.aliases import Aliases, sources_of
from tfinfra.locking.document import LockedEnvironment, LockedIndexes, LockedPython
from tfinfra.locking.environment import environment_lock, locked_installed
from tfinfra.model import InstalledTree, NodeEnvironment
from tfinfra.system.progress import say_nothing
from tfinfra.version import __version__

STARTS = "import pathlib; pathlib.Path({!r}).write_text('ran')\n"
"""A line of a .pth file, which Python runs at its start."""
Files = dict[str, bytes]
Found = tuple[Finding, ...]
KEY = a_key()


def this_interpreter(*_: object) -> Interpreter:
    """The one behind these tests, as if every node saw it: it is not copied."""
    version = ".".join(map(str, sys.version_info[:3]))
    program = Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")
    return Interpreter(program, version, Path("/usr"))


@dataclass(frozen=True)
class Run:
    """A run's evidence, `files` of audit/, and the index that it can be rebuilt from; `ran` is there once any of its
    code was."""

    files: Files
    index: Index
    built: InstalledTree
    ran: Path

    def rebuilt(self, files: Files | None = None, aliases: dict[str, str] | None = None) -> Found:
        """Of evidence that was signed as it is."""
        return self.rebuilt_of(signed(self.files if files is None else files), aliases)

    def rebuilt_of(self, files: Files, aliases: dict[str, str] | None = None, *, trusts: bool = True) -> Found:
        known = Aliases({"corp": self.index.url} if aliases is None else aliases, "http://127.0.0.1:9/simple")
        auditor = Auditor((PublicKey("key.pub", KEY.signer.public_key),) if trusts else ())
        evidence = read_evidence(RunFiles("runs/digits", files), auditor)
        return rebuild(evidence, aliases=known, allow_builds=False, progress=say_nothing)


def signed(files: Files) -> Files:
    """The evidence with a statement that names these files, and the signature on it."""
    statement: dict[str, Any] = json.loads(files["statement.json"])
    named = {name: data for name, data in files.items() if name not in ("statement.json", *SIGNATURES, SUMS)}
    rows = [{"name": name, "digest": {"sha256": sha256(data)}} for name, data in named.items()]
    statement["predicate"]["runDetails"]["byproducts"] = rows
    written = json.dumps(statement).encode()
    return {**named, "statement.json": written, "statement.sigstore.json": bundle(written, KEY.signer)}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("rebuild")
    ran = folder / "ran"
    tiny = wheel("tiny", "1.0", {"tiny.py": "ANSWER = 42\n"})
    starts = wheel("starts", "1.0", {"starts.pth": STARTS.format(str(ran)), "starts.py": ""})
    with served(dict([tiny, starts])) as index, pytest.MonkeyPatch.context() as patch:
        for name in ("CACHE", "STATE", "CONFIG"):
            patch.setenv(f"TFINFRA_{name}_DIR", str(folder / name.lower()))
        patch.setenv("AZURE_CLIENT_SECRET", "s3cret")
        patch.setattr(rebuilt_environment, "interpreter_here", this_interpreter)
        yield _run(folder, index, ran, patch)


def _run(folder: Path, index: Index, ran: Path, patch: pytest.MonkeyPatch) -> Run:
    held = LockedEnvironment(
        key="",
        asked=locks.digest("a"),
        recipe=RECIPE,
        platform=this_platform(),
        python=LockedPython(this_interpreter().version, "machine"),
        tensorflow="tensorflow-cpu",
        framework_version="2.15.1",
        gpu=False,
        packages=(index.locked("tiny"), index.locked("starts")),
        indexes=LockedIndexes("corp"),
    )
    held = replace(held, key=environment_lock(held).key)
    lock = environment_lock(held, sources_of(held.indexes, Aliases({"corp": index.url})))
    built = build_anew(lock, folder / "first" / lock.key, folder / "first cache", this_interpreter())
    held = replace(held, installed=locked_installed(built))
    locks.without_index_or_engine(patch)
    patch.setattr(making, "environment_of", lambda *_, **__: held)
    (folder / "project").mkdir()
    manifest = locks.project(
        folder / "project", locks.MANIFEST.replace("compute_target: gpus", "compute_target: local")
    )
    compiled = locks.compiled(manifest)
    _, text = making.make(compiled, manifest, None, Upgrade(), folder=manifest.parent, progress=say_nothing)
    node = a_node(0, environment=NodeEnvironment(held.key, held.python.version, built.interpreter, built.digest))
    origin = replace(ORIGIN, deploy=compiled.tree, lock=text)
    return Run(unsigned(a_material(origin=origin, tfinfra=__version__, nodes=(node,))), index, built, ran)


def edited(files: Files, name: str, old: str, new: str) -> Files:
    text = files[name].decode()
    assert old in text
    return {**files, name: text.replace(old, new, 1).encode()}


def told(found: Found) -> set[tuple[str, str]]:
    return {(one.rule, one.verdict.value) for one in found}


NOTHING_BUILT = {("TFA510", "unverifiable"), ("TFA511", "unverifiable"), ("TFA520", "unverifiable")}


def test_an_untouched_run_is_made_anew_byte_for_byte(run: Run) -> None:
    run.index.asked.clear()
    assert run.rebuilt() == ()
    asked = {path.split("/")[2] for path in run.index.asked}
    assert asked == {"tiny", "starts", "tiny-1.0-py3-none-any.whl", "starts-1.0-py3-none-any.whl"}
    assert not run.ran.exists(), "code of a package ran"


def test_each_file_of_the_program_that_differs_is_named(run: Run) -> None:
    files = edited(run.files, "deploy/__main__.py", "import", "import os  # mine\nimport")
    del files["deploy/README.md"]
    files["deploy/setup.sh"] = b"#!/bin/sh\ntouch /tmp/tfinfra-setup-ran\n"
    found = {one.subject.removeprefix("audit/"): one for one in run.rebuilt(files)}
    assert {name: one.verdict for name, one in found.items()} == {
        "deploy/__main__.py": Verdict.CHANGED,
        "deploy/README.md": Verdict.MISSING,
        "deploy/setup.sh": Verdict.FOREIGN,
    }
    assert {one.rule for one in found.values()} == {"TFA520"}
    changed = found["deploy/__main__.py"]
    assert f"audit/deploy/__main__.py is not what lock.yaml makes: line {changed.line} is" in changed.sentence
    assert not Path("/tmp/tfinfra-setup-ran").exists()


def relocked(run: Run, old: str, new: str) -> Files:
    """The evidence with another text in its lock, whose own digest is that of what it holds again."""
    from tfinfra.locking.read import actual_digest, read_lock

    files = edited(run.files, "lock.yaml", old, new)
    read = read_lock(files["lock.yaml"], "lock.yaml")
    assert read.lock is not None, read.found
    return edited(files, "lock.yaml", read.lock.digest, str(actual_digest(read.document)))


def test_an_environment_that_is_not_what_is_built_anew_is_told_of_the_lock_and_of_each_node(run: Run) -> None:
    other = "0" * 64
    files = relocked(run, run.built.digest, other)
    files = edited(files, "nodes/0.json", run.built.digest, other)
    found = {one.rule: one for one in run.rebuilt(files)}
    assert told(tuple(found.values())) == {("TFA510", "changed"), ("TFA511", "changed")}
    assert f"the environment is sha256:{run.built.digest}, and the lock says" in found["TFA510"].sentence
    assert "node 0 says sha256:000" in found["TFA511"].sentence


def test_another_interpreter_build_is_named_and_not_called_a_change(run: Run) -> None:
    files = relocked(run, run.built.digest, "0" * 64)
    files = relocked(replace(run, files=files), run.built.interpreter, "1" * 64)
    (found,) = [one for one in run.rebuilt(files) if one.rule == "TFA510"]
    assert found.verdict is Verdict.UNVERIFIABLE
    assert "the interpreter is another build" in found.sentence


def test_another_release_of_tfinfra_makes_nothing_and_says_which_one_would(run: Run) -> None:
    files = edited(run.files, "statement.json", f'"tfinfra": "{__version__}"', '"tfinfra": "0.0.1"')
    run.index.asked.clear()
    found = run.rebuilt(files)
    assert told(found) == NOTHING_BUILT
    assert f"tfinfra 0.0.1 made the run, and this one is {__version__}" in found[0].sentence
    assert run.index.asked == []


def test_a_run_without_a_lock_has_its_program_made_anew_and_its_environment_called_unknown(run: Run) -> None:
    files = {name: data for name, data in run.files.items() if name != "lock.yaml"}
    found = run.rebuilt({**files, "manifest.resolved.yaml": files["deploy/manifest.resolved.yaml"]})
    assert told(found) == NOTHING_BUILT - {("TFA520", "unverifiable")}
    assert "the run had no lock" in found[0].sentence


def test_a_file_that_is_gone_from_the_index_leaves_the_environment_unverifiable_in_the_tools_words(run: Run) -> None:
    found = run.rebuilt(aliases={"corp": f"{run.index.url}/nothing"})
    assert told(found) == NOTHING_BUILT - {("TFA520", "unverifiable")}
    assert "installing the packages failed" in found[0].sentence


HOSTILE: dict[str, tuple[str, str, str]] = {
    "a path out of the folder as a wheel": (
        "file: tiny-1.0-py3-none-any.whl", "file: ../../tiny-1.0-py3-none-any.whl", "the name of a wheel or a source"
    ),
    "a URL as a wheel": (
        "file: tiny-1.0-py3-none-any.whl", "file: file:///tmp/tiny-1.0-py3-none-any.whl", "the name of a wheel or a"
    ),
    "an option in a name": ("name: tiny", "name: '--index-url=http://evil.example tiny'", "a package's name"),
    "an option in a version": ('version: "1.0"', "version: '1.0 --pre'", "an exact version"),
    "a hash that is none": ("sha256: sha256:", "sha256: md5:", "a digest"),
    "a URL as an index": ("index: corp", "index: http://evil.example/simple", "an index's alias"),
    "a key that nobody reads": ("index: corp", "index: corp\n      setup: rm -rf /", "unknown key"),
    "a key twice": ("index: corp", "index: corp\n      index: pypi", "is written here a second time"),
    "a number beyond all": ("recipe: ", "recipe: 9", "between 0 and"),
    "no YAML at all": ("lock:", "lock: !!python/object/apply:os.system [id]\nold:", ""),
}  # fmt: skip


@pytest.mark.parametrize("attack", HOSTILE)
def test_a_hostile_lock_is_refused_by_its_own_sentence_before_anything_is_asked(attack: str, run: Run) -> None:
    old, new, sentence = HOSTILE[attack]
    if attack == "a number beyond all":
        new += "9" * 12
    run.index.asked.clear()
    found = run.rebuilt(edited(run.files, "lock.yaml", old, new))
    assert told(found) == {("TFA502", "changed"), *NOTHING_BUILT}
    assert any(sentence in one.sentence for one in found if one.rule == "TFA502"), found
    assert run.index.asked == []


def test_nothing_is_made_of_a_file_that_is_not_the_one_that_was_signed(run: Run) -> None:
    files = edited(signed(run.files), "deploy/__main__.py", "import", "import os\nimport")
    found = run.rebuilt_of({**files, "deploy/more.py": b""})
    assert told(found) == {("TFA501", "changed"), *NOTHING_BUILT}
    named = {one.subject for one in found if one.rule == "TFA501"}
    assert named == {"audit/deploy/__main__.py", "audit/deploy/more.py"}


def test_what_no_trusted_key_has_signed_is_not_built(run: Run) -> None:
    run.index.asked.clear()
    with pytest.raises(UsageError, match="--rebuild builds what a key that you trust has signed"):
        run.rebuilt_of(signed(run.files), trusts=False)
    with pytest.raises(DifferenceFound, match="no key that you trust has signed this evidence"):
        run.rebuilt_of(run.files)
    other = signed(run.files)
    with pytest.raises(DifferenceFound):
        run.rebuilt_of({**other, "statement.sigstore.json": bundle(other["statement.json"], a_key().signer)})
    assert run.index.asked == []


def test_a_manifest_that_asks_for_more_tasks_than_there_are_makes_nothing(run: Run) -> None:
    files = {name: data for name, data in run.files.items() if name != "lock.yaml"}
    resolved = files["deploy/manifest.resolved.yaml"].replace(b"node_count: 1", b"node_count: 99999999999")
    found = run.rebuilt({**files, "manifest.resolved.yaml": resolved})
    assert told(found) == NOTHING_BUILT
