"""`tfinfra lock`: what the runs of a manifest are made of, exactly, in a file beside it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tfinfra.cli.manifests.options import Asked, manifest_options

if TYPE_CHECKING:
    from tfinfra.cli.manifests.each import One
    from tfinfra.compiler.pipeline import Compiled
    from tfinfra.locking.document import ManifestLock

_HOW = {"written": False, "inputs_read": False}
_ALL = ""
"""The value of `--upgrade` where it names no package."""


@click.command(help="Write what runs of each MANIFEST are made of to <stem>.lock.yaml beside it, or compare.")
@manifest_options
@click.option(
    "--check", is_flag=True, help="Write nothing, ask nobody; exit 11 where a lock differs from what is here."
)
@click.option("--full", is_flag=True, help="With --check: read inputs although their sizes and times are the same.")
@click.option(
    "--upgrade",
    metavar="[PACKAGE]",
    is_flag=False,
    flag_value=_ALL,
    multiple=True,
    help="Take newer versions of PACKAGE, or of all packages, where they fit.",
)
@click.option(
    "--export",
    "form",
    type=click.Choice(["pylock", "requirements", "cyclonedx"]),
    help="Print the packages of the lock in another tool's form; write nothing.",
)
def command(*, asked: Asked, check: bool, full: bool, upgrade: tuple[str, ...], form: str | None) -> int:
    """Raises DifferenceFound where --check finds one."""
    from tfinfra.cli.manifests.each import each_manifest
    from tfinfra.cli.manifests.given import chosen_manifests
    from tfinfra.errors import UsageError
    from tfinfra.system.installation import require_run_packages

    if full and not check:
        raise UsageError("--full says how --check looks, and there is no --check", "add it")
    if check and (upgrade or form):
        raise UsageError("--check writes nothing and asks nobody", "leave out --upgrade and --export")
    if form and upgrade:
        raise UsageError("--export prints the lock as it is", "run `tfinfra lock --upgrade` first")
    if check:
        return each_manifest("lock", asked, partial(_check, full=full))
    if form:
        chosen = chosen_manifests(asked.words)
        if asked.as_json or not chosen.alone:
            raise UsageError("--export prints one lock on stdout", "name one manifest, without --json")
        return each_manifest("lock", asked, partial(_export, form=form), chosen)
    require_run_packages()
    return each_manifest("lock", asked, partial(_lock, upgrade=upgrade))


def _compiled(one: One) -> tuple[Compiled, Path]:
    """The manifest, compiled, and its file. Raises UsageError for one from stdin, beside which nothing lies."""
    from tfinfra.compiler.pipeline import compile_manifest
    from tfinfra.errors import UsageError
    from tfinfra.lifecycle.locking.check import manifest_of

    if one.given.fault is not None:
        raise one.given.fault
    if one.given.path is None:
        raise UsageError("a lock lies beside its manifest, and stdin has no place", "name the manifest's file")
    manifest = manifest_of(one.given.path)
    project = replace(one.given, path=manifest).load(guardrails=one.asked.guardrails)
    return compile_manifest(replace(project, unlocked="")), manifest  # guardrails may ask for what is made here


def _check(one: One, *, full: bool) -> dict[str, Any]:
    from tfinfra.cli.output import progress
    from tfinfra.compiler.lock_beside import lock_beside
    from tfinfra.compiler.user_paths import exists
    from tfinfra.lifecycle.locking.check import check_lock

    compiled, manifest = _compiled(one)
    found = one.judge(compiled.diagnostics)
    path = lock_beside(manifest)
    if one.given.sought and not exists(path):
        one.show(f"{manifest}: not locked")
        return {"lock": str(path), "digest": None, "declared": [], **_HOW, "diagnostics": found}
    lock, _ = check_lock(compiled, manifest, path, folder=Path(), full=full, progress=progress)
    how = "read" if full else "by their sizes, times and inodes"
    inputs = f"; inputs {how}" if any(data.sha256 for data in lock.inputs.values()) else ""
    one.show(f"{path}: as it was locked{inputs}")
    return {**_document(path, lock), **_HOW, "inputs_read": full, "diagnostics": found}


def _lock(one: One, *, upgrade: tuple[str, ...]) -> dict[str, Any]:
    from tfinfra.cli.output import progress
    from tfinfra.compiler.lock_beside import lock_beside
    from tfinfra.compiler.user_paths import exists
    from tfinfra.environment.recipe import package_name
    from tfinfra.lifecycle.locking.check import load_lock
    from tfinfra.lifecycle.locking.locked_environment import Upgrade
    from tfinfra.lifecycle.locking.make import make, write
    from tfinfra.text.wording import count

    compiled, manifest = _compiled(one)
    found = one.judge(compiled.diagnostics)
    path = lock_beside(manifest)
    before = load_lock(path) if exists(path) else None
    wished = Upgrade(_ALL in upgrade, frozenset(package_name(name) for name in upgrade if name))
    lock, text = make(compiled, manifest, before, wished, folder=Path(), progress=progress)
    is_new = write(text, path)
    one.show(f"{path}: {'written' if is_new else 'as it was'}")
    counts = f"{count(len(lock.source.files), 'source file')}, {count(len(lock.environment.packages), 'package')}"
    one.show(f"  {counts} for {lock.environment.platform}, {lock.digest}")
    for key in lock.declared:
        one.show(f"  {key} is declared: it could not be listed here")
    return {**_document(path, lock), **_HOW, "written": is_new, "diagnostics": found}


def _export(one: One, *, form: str) -> dict[str, Any]:
    from tfinfra.cli.output import print_format, progress
    from tfinfra.lifecycle.locking.exports import exported

    compiled, manifest = _compiled(one)
    one.judge(compiled.diagnostics)
    print_format(exported(manifest, form, progress))
    return {}


def _document(path: Path, lock: ManifestLock) -> dict[str, Any]:
    return {"lock": str(path), "digest": lock.digest, "declared": list(lock.declared)}
