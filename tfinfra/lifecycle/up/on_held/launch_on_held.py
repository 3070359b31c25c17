"""From a manifest to a run on the nodes that another run keeps: find these, compile, compare, go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tfinfra.compiler.lines.file_order import in_file_order
from tfinfra.compiler.pipeline import Compiled, Project
from tfinfra.errors import Diagnostic, DifferenceFound, UsageError, turned_to
from tfinfra.lifecycle.attach.resume_from import checkpoints_to_resume
from tfinfra.lifecycle.data.staging import Given
from tfinfra.lifecycle.end.ending import RunResult
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.run.phases import Interrupt
from tfinfra.lifecycle.run.request_channel import open_channel
from tfinfra.lifecycle.run.signals import interruptible
from tfinfra.lifecycle.up.on_held.first_run import FirstRun, first_run
from tfinfra.lifecycle.up.on_held.further_run import FurtherRun, held_nodes
from tfinfra.lifecycle.up.on_held.lacking import copied_inputs, lacking
from tfinfra.lifecycle.watch.observer import Observer
from tfinfra.manifest.codes import refusal
from tfinfra.system.threads import spawn


def launch_on_held(
    project: Project,
    options: UpOptions,
    observer: Observer,
    secrets: Mapping[str, str],
    *,
    scratch: Path,
    manifest: Path | None,
) -> RunResult:
    """Runs the project on the nodes of the run that `options.on` names. Raises UsageError where these take none now,
    ManifestError with all that they cannot give: nothing is touched then."""
    from tfinfra.lifecycle.up.launch import compile_to_folder

    _refuse_contradictions(options)
    finding = spawn(lambda: first_run(str(options.on), observer.say), "held nodes")  # beside the compiler

    def check(compiled: Compiled, options: UpOptions) -> None:
        first = finding.result()
        copied = copied_inputs(compiled, held_nodes(first))
        _refuse_what_is_lacking(compiled, options, first, copied)
        for each in copied:
            observer.say(f"warning: {each.message}")

    compiled, options = compile_to_folder(project, options, observer, secrets, manifest, check=check)
    first = finding.result()
    ports = first.found.ports
    channel = open_channel(ports, first.folder, first.record, first.store)
    given = Given(
        {name: secrets[name] for name in compiled.plan.secrets},
        compiled.data,
        checkpoints_to_resume(compiled, options.folder, scratch),
    )
    interrupt = Interrupt()
    run = FurtherRun(compiled, ports, options, observer, interrupt, first=first, channel=channel, given=given)
    return _go(run, first, options, observer, interrupt)


def _go(run: FurtherRun, first: FirstRun, options: UpOptions, observer: Observer, interrupt: Interrupt) -> RunResult:
    folder, cloud = run_folder(options.state, run.run).path, first.found.ports.cloud.name
    with interruptible(interrupt, run.run, observer.interject, folder=folder, deletes=False), turned_to(cloud):
        return run.go()


def _refuse_what_is_lacking(
    compiled: Compiled, options: UpOptions, first: FirstRun, copied: Sequence[Diagnostic]
) -> None:
    """`copied` is said of inputs that cannot be compared: a lock's listing is of now, and the nodes' copy is not."""
    if options.rehearse != first.record.rehearse:
        kind = "a rehearsal" if first.record.rehearse else "no rehearsal"
        raise UsageError(f"{first.record.run} is {kind}", hint="give --rehearse to both or to none")
    locked = copied if options.held is not None else ()
    if wrong := in_file_order(compiled.facts.project, [*lacking(compiled, held_nodes(first)), *locked]):
        raise refusal(wrong)
    if options.held is not None and options.held.environment.key != first.lock.key:
        raise DifferenceFound(f"the environment on the nodes of {first.record.run} is not that of the lock")


def _refuse_contradictions(options: UpOptions) -> None:
    """Raises UsageError for what belongs to a run that makes nodes of its own."""
    given = {"--keep": options.keep, "--machines": options.machines, "--local-store": options.store}
    for name, value in given.items():
        if value:
            raise UsageError(f"{name} and --on contradict each other: the nodes are there, and stay")
