"""`-q` and `-v`, before a verb or after it: how much of what is under way is told.

quiet: results, warnings and errors. `up` then shows neither its phases nor the script's lines.
verbose: also each step of a phase, the cloud's answers, and how long the verb took.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import IntEnum

import click


class Verbosity(IntEnum):
    QUIET = -1
    NORMAL = 0
    VERBOSE = 1


class _Asked:
    """What the verb that runs was asked for, on all its threads."""

    wanted: Verbosity | None = None


_asked = _Asked()


def verbosity() -> Verbosity:
    """What the verb that runs was asked for."""
    return _asked.wanted or Verbosity.NORMAL


def add_verbosity(command: click.Command) -> click.Command:
    """The command with both options; each verb has them, and tfinfra itself."""
    if not any(parameter.name == "quiet" for parameter in command.params):
        command.params += [_option("-q", "quiet", Verbosity.QUIET), _option("-v", "verbose", Verbosity.VERBOSE)]
    return command


class VerbGroup(click.Group):
    """A verb with verbs of its own, each of which has both options."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = super().get_command(ctx, cmd_name)
        return add_verbosity(command) if command is not None else None


_HELP = {
    "quiet": "Tell only results, warnings and errors.",
    "verbose": "Tell each step, the cloud's answers, and how long it took.",
}


def _option(short: str, name: str, wanted: Verbosity) -> click.Option:
    def chosen(context: click.Context, parameter: click.Parameter, given: bool) -> None:
        del parameter
        if not given or context.resilient_parsing:
            return
        if _asked.wanted not in (None, wanted):
            raise click.UsageError("--quiet and --verbose contradict each other", context)
        if _asked.wanted is None:
            _asked.wanted = wanted
            context.find_root().call_on_close(_forget)
            if wanted is Verbosity.VERBOSE:
                context.find_root().call_on_close(_tell_answers())

    return click.Option([short, f"--{name}"], is_flag=True, expose_value=False, callback=chosen, help=_HELP[name])


def _forget() -> None:
    _asked.wanted = None


def _tell_answers() -> Callable[[], None]:
    """Tells what libraries log, from now on until the function is called that this returns, which tells how long that
    was."""
    from tfinfra.cli.output import progress
    from tfinfra.system.library_log import tell_logged
    from tfinfra.text.wording import spell_seconds

    began, end_logging = time.monotonic(), tell_logged(progress)

    def end() -> None:
        end_logging()
        progress(f"took {spell_seconds(time.monotonic() - began)}")

    return end


def tells(wanted: Verbosity, line: str) -> bool:
    """Whether a line of progress is told: with --quiet only a warning is."""
    return wanted is not Verbosity.QUIET or line.startswith(("warning:", "error:"))
