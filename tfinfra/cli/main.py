"""`tfinfra`: the table of verbs, loaded one at a time, and the edge where every error becomes an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

import click

from tfinfra.cli.verbosity import add_verbosity
from tfinfra.version import __version__

VERBS = {
    "init": ("tfinfra.cli.authoring.init", "Write a starter manifest and training script."),
    "convert": ("tfinfra.cli.authoring.convert", "Make a manifest of another tool's file."),
    "validate": ("tfinfra.cli.authoring.validate", "Check a manifest and its training script."),
    "compile": ("tfinfra.cli.authoring.compile", "Write the Pulumi program of a manifest to deploy/<name>/."),
    "plan": ("tfinfra.cli.authoring.plan", "Show resources, the place of every task, and the price."),
    "lock": ("tfinfra.cli.authoring.lock", "Write what a manifest's runs are made of to a file, or compare."),
    "check": ("tfinfra.cli.authoring.check", "Check manifests with a whole preview, without an account."),
    "up": ("tfinfra.cli.runs.up", "Provision, train, bring the outputs home, delete everything."),
    "tune": ("tfinfra.cli.tuning.tune", "Search for the best parameters, many trials on one pool of nodes."),
    "status": ("tfinfra.cli.runs.status", "Show how a run stands."),
    "logs": ("tfinfra.cli.runs.logs", "Print a run's logs."),
    "metrics": ("tfinfra.cli.metrics.metrics", "Print the metrics that a run has logged."),
    "report": ("tfinfra.cli.metrics.report", "Write a run as a page to look at, or several compared."),
    "tensorboard": ("tfinfra.cli.metrics.tensorboard", "Show a run's ./logs in TensorBoard."),
    "ui": ("tfinfra.cli.runs.ui", "Show all runs in a browser."),
    "exec": ("tfinfra.cli.runs.execute", "Run a command on a run's nodes."),
    "extend": ("tfinfra.cli.runs.extend", "Give the nodes that a run keeps more time."),
    "push": ("tfinfra.cli.runs.push", "Upload what a deploy folder's nodes need, where Pulumi is run by hand."),
    "wait": ("tfinfra.cli.runs.wait", "Wait until a run has ended, and end as it did."),
    "fetch": ("tfinfra.cli.runs.fetch", "Copy a run's outputs to ./runs/<run>/."),
    "down": ("tfinfra.cli.runs.down", "End a run and delete what it made."),
    "audit": ("tfinfra.cli.runs.audit", "Check a run's evidence: signature, files, records against each other."),
    "runs": ("tfinfra.cli.runs.list_runs", "List runs."),
    "catalog": ("tfinfra.cli.authoring.catalog", "List VM sizes and prices, and refresh the prices."),
    "setup": ("tfinfra.cli.machine.setup", "Install what tfinfra needs on this machine."),
    "doctor": ("tfinfra.cli.machine.doctor", "Say what works on this machine and what does not."),
    "report-bundle": ("tfinfra.cli.machine.report_bundle", "Write one file about a failure, to attach to a report."),
    "completion": ("tfinfra.cli.machine.completion", "Print the script by which a shell completes words."),
    "schema": ("tfinfra.cli.authoring.schema", "Print the manifest's JSON Schema."),
    "explain": ("tfinfra.cli.authoring.explain", "Explain a code, a key, an exit code, a variable or a verb."),
}


class _LazyGroup(click.Group):
    """Imports a verb's module when that verb is called; help texts of the list are literals."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:  # click would end with status 1, without a word
            raise RuntimeError(f"a connection was closed: {error}") from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in VERBS:
            return None
        command = import_module(VERBS[cmd_name][0]).command
        assert isinstance(command, click.Command)  # noqa: S101  a fault of tfinfra itself, found by the first call
        return add_verbosity(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Verbs"):
            formatter.write_dl([(name, text) for name, (_, text) in VERBS.items()])


@click.group(cls=_LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tfinfra")
@click.pass_context
def cli(context: click.Context) -> None:
    """Compile a YAML training manifest into a Pulumi program, run it, and leave nothing behind."""
    if context.invoked_subcommand is None:
        from tfinfra.errors import UsageError

        click.echo(context.get_help(), err=True)
        context.exit(UsageError.exit_code)


add_verbosity(cli)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one verb and returns its exit code (manifest.md, "Verbs"). Without `argv` it is this process's own, whose
    streams and signals it then takes."""
    if argv is None:
        from tfinfra.cli.process import run

        return run()
    from tfinfra.system.process import interruption

    arguments = list(argv)
    if output := _output():
        output.begin_verb()
    interruption.begin_verb()
    try:
        result = cli.main(arguments, prog_name="tfinfra", standalone_mode=False, obj=tuple(arguments))
        code = result if isinstance(result, int) else 0
        _say_made_private()
    except click.exceptions.Exit as end:
        code = end.exit_code
    except SystemExit as end:  # so click ends what a shell has asked for at Tab
        return end.code if isinstance(end.code, int) else 0
    except BaseException as raised:  # noqa: BLE001  the outermost edge: a user sees an error, whatever it was
        from tfinfra.cli.ending import conclude
        from tfinfra.cli.output import reader_has_gone

        if reader_has_gone(raised):
            return 0
        code = conclude(raised, arguments)
    if not code and (output := _output()) and (lost := output.unprinted()) is not None:
        from tfinfra.cli.ending import conclude

        return conclude(lost, arguments)
    return code


def _output() -> ModuleType | None:
    """cli/output.py, where a verb of this process has loaded it: a help or a version is printed without."""
    return sys.modules.get("tfinfra.cli.output")


def _say_made_private() -> None:
    if paths := sys.modules.get("tfinfra.system.paths"):  # most verbs that print a text never load it
        from tfinfra.cli.output import progress

        for folder in paths.made_private():
            progress(f"note: other users could read {folder}; it is yours alone now (0700)")


if __name__ == "__main__":
    sys.exit(main())
