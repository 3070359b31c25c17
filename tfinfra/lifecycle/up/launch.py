"""From what a user gives (a manifest, or the estimator's arguments) to a run under way: compile, write the deploy
folder, choose the cloud, go. The one entry of `tfinfra up` and of the Python API."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tfinfra.cloud import Cloud
from tfinfra.compiler.pipeline import Compiled, Project
from tfinfra.engine.client import EngineProcess
from tfinfra.errors import turned_to
from tfinfra.lifecycle.attach.resume_from import checkpoints_to_resume
from tfinfra.lifecycle.data.caller_secrets import refuse_missing, withheld
from tfinfra.lifecycle.data.staging import Given
from tfinfra.lifecycle.end.ending import RunResult
from tfinfra.lifecycle.end.held_nodes import held_lines
from tfinfra.lifecycle.end.trials_home import BEST
from tfinfra.lifecycle.evidence.signing import refuse_unusable_key
from tfinfra.lifecycle.preflight import refuse_without_subscription
from tfinfra.lifecycle.record.run_record import RunPhase, run_folder
from tfinfra.lifecycle.record.spending import so_far
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.run.phases import Interrupt
from tfinfra.lifecycle.run.signals import interruptible
from tfinfra.lifecycle.run.terms import terms_of
from tfinfra.lifecycle.tuning.before import NOTHING, Before, before_search
from tfinfra.lifecycle.tuning.conduct import search, take_along
from tfinfra.lifecycle.tuning.resume import left_tune
from tfinfra.lifecycle.up.conductor import UpRun
from tfinfra.lifecycle.up.other_verb import refuse_other_verb
from tfinfra.lifecycle.up.training import train
from tfinfra.lifecycle.watch.observer import Observer
from tfinfra.lifecycle.watch.trial_lines import closing_lines_of
from tfinfra.money.budget import FREE, Burn
from tfinfra.store.keys import OUTPUT_FOLDERS
from tfinfra.system.clock import right_now
from tfinfra.system.strange_trees import names_below
from tfinfra.system.threads import spawn
from tfinfra.text.wording import spell_seconds


def launch_manifest(manifest: Path, options: UpOptions, observer: Observer) -> RunResult:
    """Compiles and runs a manifest. Raises what was wrong before anything was touched."""
    from tfinfra.compiler.load import load_project
    from tfinfra.lifecycle.locking.check import manifest_of
    from tfinfra.locking.read import is_lock

    file = manifest_of(manifest)
    options = replace(options, locked=options.locked or is_lock(manifest.name))

    def load() -> Project:
        return load_project(file, target=options.target, rehearse=options.rehearse, guardrails=options.guardrails)

    return launch(load, options, observer, file)


def launch_tune(manifest: Path, options: UpOptions, observer: Observer, resume: str | None = None) -> RunResult:
    """Compiles a manifest with `tune` and searches; goes on with what the tune `resume` has left, where that is one.
    Raises as `launch_manifest`."""
    return launch_manifest(manifest, replace(options, tune=True, resume=resume), observer)


def launch(
    load: Callable[[], Project], options: UpOptions, observer: Observer, manifest: Path | None = None
) -> RunResult:
    """Compiles what `load` reads, then runs it in this process until nothing is left. Call it on the main thread.
    `manifest` is the file that it was read from, beside which its lock lies.

    No process is started before the manifest's secrets are out of the environment that it would inherit."""
    project = load()
    refuse_other_verb(project.document.data, options)
    with withheld(project.document.data) as secrets, TemporaryDirectory(prefix="tfinfra-") as scratch:
        if options.on is not None:
            from tfinfra.lifecycle.up.on_held.launch_on_held import launch_on_held

            return launch_on_held(project, options, observer, secrets, scratch=Path(scratch), manifest=manifest)
        engine = EngineProcess(records=options.rehearse or not stays_here(project, options))
        try:
            left = left_tune(options.resume, observer.say) if options.resume is not None else None
            options = replace(options, resume=left.run if left is not None else None)
            early = spawn(lambda: _local_cloud(options, observer), "cloud") if stays_here(project, options) else None
            compiled, options = compile_to_folder(project, options, observer, secrets, manifest)
            heed_policy(compiled, observer)
            is_local = options.rehearse or compiled.spec.target.cloud == "local"
            checkpoints = checkpoints_to_resume(compiled, options.folder, Path(scratch))
            cloud = early.result() if early and is_local else choose_cloud(compiled, options)
            given = Given({n: secrets[n] for n in compiled.plan.secrets}, compiled.data, checkpoints)
            before = before_search(compiled.plan, compiled.spec.target, options, left, observer.say)
            return _run_on(cloud, compiled, options, observer, engine=engine, given=given, before=before)
        finally:
            engine.close()


def _run_on(
    cloud: Cloud,
    compiled: Compiled,
    options: UpOptions,
    observer: Observer,
    *,
    engine: EngineProcess,
    given: Given,
    before: Before,
) -> RunResult:
    from tfinfra.clouds import boundary_of, machines_of

    interrupt = Interrupt()
    run = new_run(compiled, cloud, options, observer, interrupt, engine=engine, given=given, before=before)
    observer.say(f"run {run.run} on the {where(cloud)}")
    if machines_of(cloud) == "process":
        observer.say(f"process machines are {boundary_of('process')}")
    folder = run_folder(options.state, run.run).path
    with interruptible(interrupt, run.run, observer.interject, folder=folder), turned_to(cloud.name):
        return run.go()


def stays_here(project: Project, options: UpOptions) -> bool:
    """Whether the run probably goes to this machine's cloud, asked before the compiler has run: that cloud takes a
    second to start, which fits beside compiling."""
    asked = options.target or project.document.data.get("compute_target") or "local"
    return options.rehearse or asked == "local"


def _local_cloud(options: UpOptions, observer: Observer) -> Cloud:
    from tfinfra.clouds import local_cloud

    return local_cloud(
        machines=options.machines, store=options.store, preflight=options.rehearse, progress=observer.say
    )


def compile_to_folder(
    project: Project,
    options: UpOptions,
    observer: Observer,
    secrets: Mapping[str, str],
    manifest: Path | None = None,
    *,
    check: Callable[[Compiled, UpOptions], None] | None = None,
) -> tuple[Compiled, UpOptions]:
    """The compiled manifest, and the options with what its lock holds; its deploy folder is written to deploy/<name>/,
    its warnings are shown. Raises ManifestError also where one of its secrets is not among `secrets`, DifferenceFound
    where a locked run is not as its lock is, and what `check` raises: nothing is written then."""
    from tfinfra.compiler.deploy.write import refuse_links, require_place, said_of, write_deploy
    from tfinfra.compiler.pipeline import compile_manifest

    began = right_now()
    observer.begin("compile", "the manifest")
    compiled = compile_manifest(project)
    refuse_missing(compiled.facts, secrets)
    if not options.detach:  # whoever fetches a detached run signs
        refuse_unusable_key(compiled.facts.project.guardrails)
    folder = options.folder / "deploy" / compiled.plan.name
    options = held_against_lock(compiled, options, observer, manifest)
    if manifest is not None:
        options = replace(options, manifest=Path(os.path.relpath(manifest, options.folder)).as_posix())
    refuse_links(options.folder, ["runs"])  # nothing is bought whose outputs would go elsewhere
    require_place(options.results)
    if check is not None:
        check(compiled, options)
    written = write_deploy(compiled.tree, folder)
    for line in said_of(written, Path("deploy", compiled.plan.name)):
        observer.say(f"warning: {line}" if written.edited else line)
    for diagnostic in compiled.diagnostics:
        observer.diagnose(diagnostic)
    observer.end("compile", right_now() - began, f"deploy/{compiled.plan.name}/")
    return compiled, options


def held_against_lock(compiled: Compiled, options: UpOptions, observer: Observer, manifest: Path | None) -> UpOptions:
    """The options, with the lock that the run was held against. Raises DifferenceFound with all that is another
    thing than in the lock, ManifestError where guardrails require a lock and the run has none."""
    from tfinfra.compiler.facts import AtLaunch
    from tfinfra.compiler.lock_beside import lock_beside
    from tfinfra.compiler.pipeline import check_launch
    from tfinfra.lifecycle.locking.run_locked import hold_against_lock

    lock = options.lock_file or (lock_beside(manifest) if manifest is not None else None)
    if not options.locked or lock is None:
        check_launch(compiled.facts, AtLaunch(unlocked=True))
        return options
    folder = options.folder / "deploy" / compiled.plan.name
    held = hold_against_lock(compiled, manifest, lock, folder=options.folder, deploy=folder, progress=observer.say)
    return replace(options, held=held)


def heed_policy(compiled: Compiled, observer: Observer) -> None:
    """Shows what the guardrails' policy packs advise. Raises ManifestError with what they forbid."""
    from tfinfra.lifecycle.previews.policy import check_policy

    for diagnostic in check_policy(compiled, observer.say):
        observer.diagnose(diagnostic)


def choose_cloud(compiled: Compiled, options: UpOptions) -> Cloud:
    """The cloud of the target; a rehearsal's is always this machine's. Raises ManifestError where it names no
    subscription, else as `cloud_to_provision`."""
    from tfinfra.clouds import cloud_to_provision

    refuse_without_subscription(compiled, options.rehearse)
    return cloud_to_provision(compiled.spec.target, options.rehearse, options.machines, options.store)


def new_run(
    compiled: Compiled,
    cloud: Cloud,
    options: UpOptions,
    observer: Observer,
    interrupt: Interrupt,
    *,
    engine: EngineProcess,
    given: Given,
    before: Before = NOTHING,
) -> UpRun:
    """The run, not begun; of a tune with what it has `before` its search."""
    from tfinfra.clouds import machines_of
    from tfinfra.lifecycle.wiring import real_ports

    options = replace(
        options,
        machines=machines_of(cloud),
        burn=burn(compiled) if cloud.charges else FREE,
        terms=terms_of(compiled) if cloud.charges else None,
    )
    return UpRun(
        compiled,
        real_ports(cloud),
        options,
        observer,
        interrupt,
        engine=engine,
        given=given,
        take_along=partial(take_along, before=before),
        work=partial(search, before=before) if compiled.plan.tune is not None else train,
    )


def burn(compiled: Compiled) -> Burn:
    """The plan's list price in US dollars an hour, at the dearest place that the target names; what has no price counts
    for nothing (with a max_cost_usd the compiler refuses that)."""
    from tfinfra.compiler.cost import burn_of, dearest_lines

    return burn_of(dearest_lines(compiled.plan, compiled.spec.target, compiled.prices().book))


def where(cloud: Cloud) -> str:
    """ "local cloud (namespace machines)" or "azure cloud"."""
    from tfinfra.clouds import machines_of

    kind = machines_of(cloud)
    return f"{cloud.name} cloud" + (f" ({kind} machines)" if kind else "")


def closing_lines(result: RunResult, manifest: Path | None = None) -> list[str]:
    """What a person reads last: how it ended, how long it took, where the outputs are, what is left. `manifest` is the
    file as the caller has named it, for a command that goes on."""
    record = result.record
    if record.detached and result.error is None:
        return [
            f"{record.run} goes on by itself until {record.deadline} at most",
            f"  tfinfra status {record.run}    tfinfra logs -f {record.run}",
            f"  tfinfra fetch {record.run}     tfinfra down {record.run}",
        ]
    seconds = record.times.get("ended", 0.0) - record.times.get("started", 0.0)
    lines = [f"{record.run} {record.result} after {spell_seconds(seconds)}"]
    results = Path(record.results)
    if "tune" in result.document:
        named = "MANIFEST" if manifest is None else shlex.quote(str(manifest))
        lines += closing_lines_of(result.document["tune"], _from_here(results / BEST), named)
    elif came := what_came(results):
        lines.append(f"  {came}: {_from_here(results)}")
    if record.not_collected is not None:
        lines.append(f"  not collected: {record.not_collected}")
    if record.evidence is not None:
        lines.append(f"  evidence {record.evidence}")
    if record.phase == RunPhase.DELETED:
        nothing = f"nothing of it is left on the nodes of {record.on}" if record.on else "everything it made is deleted"
        lines.append(f"  {nothing} (verified)")
    if result.held is not None:
        lines += held_lines(result.held)
    if record.usd_per_hour:
        lines.append(f"  {so_far(record, record.times.get('ended', right_now()))}")
    return lines


def _from_here(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def what_came(results: Path) -> str:
    """What a folder of results holds: "outputs and logs", "outputs", "logs" or ""."""
    outputs = any(any(names_below(results / kind)) for kind in OUTPUT_FOLDERS)
    logs = any(any((results / kind).glob("*.log")) for kind in ("tasks", "nodes"))
    return " and ".join(name for name, came in (("outputs", outputs), ("logs", logs)) if came)
