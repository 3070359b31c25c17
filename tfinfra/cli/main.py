"""`tfinfra`: the table of verbs, loaded one at a time, and the edge where every error becomes an exit code."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from tfinfra.cli.verbosity import add_verbosity
from tfinfra.errors import Cancelled, TfinfraError, UsageError
from tfinfra.version import __version__

VERBS = {
    "init": ("tfinfra.cli.authoring.init", "Write a starter manifest and training script."),
    "validate": ("tfinfra.cli.authoring.validate", "Check a manifest and its training script."),
    "compile": ("tfinfra.cli.authoring.compile", "Write the Pulumi program of a manifest to deploy/<name>/."),
    "plan": ("tfinfra.cli.authoring.plan", "Show resources, the place of every task, and the price."),
    "up": ("tfinfra.cli.runs.up", "Provision, train, bring the outputs home, delete everything."),
    "status": ("tfinfra.cli.runs.status", "Show how a run stands."),
    "logs": ("tfinfra.cli.runs.logs", "Print a run's logs."),
    "fetch": ("tfinfra.cli.runs.fetch", "Copy a run's outputs to ./runs/<run>/."),
    "down": ("tfinfra.cli.runs.down", "End a run and delete what it made."),
    "runs": ("tfinfra.cli.runs.list_runs", "List runs."),
    "catalog": ("tfinfra.cli.authoring.catalog", "List VM sizes and prices, and refresh the prices."),
    "setup": ("tfinfra.cli.machine.setup", "Install what tfinfra needs on this machine."),
    "doctor": ("tfinfra.cli.machine.doctor", "Say what works on this machine and what does not."),
    "report-bundle": ("tfinfra.cli.machine.report_bundle", "Write one file about a failure, to attach to a report."),
    "schema": ("tfinfra.cli.authoring.schema", "Print the manifest's JSON Schema."),
    "explain": ("tfinfra.cli.authoring.explain", "Explain an error code."),
}


class _LazyGroup(click.Group):
    """Imports a verb's module when that verb is called; help texts of the list are literals."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            from tfinfra.cli.output import reader_has_gone

            if reader_has_gone():  # `| head` has seen enough; click would end with status 1
                return 0
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
        click.echo(context.get_help(), err=True)
        context.exit(UsageError.exit_code)


add_verbosity(cli)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one verb and returns its exit code (manifest.md, "Verbs")."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _replace_closed_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that lacks a character must not end a verb
    code = _code(arguments)
    if paths := sys.modules.get("tfinfra.system.paths"):  # most verbs that print a text never load it
        from tfinfra.cli.output import progress

        for folder in paths.made_private():
            progress(f"note: other users could read {folder}; it is yours alone now (0700)")
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        from tfinfra.cli.output import drop_stdout

        drop_stdout()
    return code


def _replace_closed_streams() -> None:
    """A stream that came closed (`2>&-`, some schedulers) leads nowhere. Left closed, its number goes to the next file
    that is opened, which then gets what is printed."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def _code(arguments: list[str]) -> int:
    """Runs the verb; whatever it raises becomes an exit code, and what the user sees of it."""
    try:
        result = cli.main(arguments, prog_name="tfinfra", standalone_mode=False, obj=tuple(arguments))
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        from tfinfra.cli.usage import usage_error

        return _report(usage_error(error), arguments)
    except TfinfraError as error:
        return _report(error, arguments)
    except (KeyboardInterrupt, click.Abort):
        from tfinfra.cli.output import result_line

        result_line("cancelled")
        return Cancelled.exit_code
    except Exception as error:  # noqa: BLE001  the outermost edge: a user sees one line, the file has the traceback
        return _internal(error, arguments)
    return result if isinstance(result, int) else 0


def _report(error: TfinfraError, arguments: list[str]) -> int:
    from tfinfra.cli.failed import failed
    from tfinfra.cli.output import error_document, print_document, print_error

    if "--json" in arguments:
        print_document(error_document(error))
    print_error(error)
    failed(error, arguments)
    return error.exit_code


def _internal(error: Exception, arguments: list[str]) -> int:
    from tfinfra.cli.failed import failed
    from tfinfra.cli.internal_error import write_report
    from tfinfra.cli.output import result_line
    from tfinfra.store.waiting import store_trouble
    from tfinfra.system.disk_errors import disk_trouble
    from tfinfra.text.masking import redact

    if (known := disk_trouble(error) or store_trouble(error)) is not None:
        return _report(known, arguments)
    result_line(redact(f"error: tfinfra itself failed: {error.__class__.__name__}: {error}"))
    try:
        result_line(f"  report: {write_report(error, arguments)}")
    except (OSError, TfinfraError) as unwritten:
        result_line(f"  no report: {unwritten}")
        return 1
    failed(TfinfraError(f"tfinfra itself failed: {error.__class__.__name__}: {error}"), arguments)
    return 1


if __name__ == "__main__":
    sys.exit(main())
