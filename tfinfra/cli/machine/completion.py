"""`tfinfra completion`: the script by which a shell completes words."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from tfinfra.cli.completion import VARIABLE
from tfinfra.cli.options import json_option

SHELLS = ("bash", "zsh", "fish")
_INSTALL = {
    "bash": 'in ~/.bashrc: eval "$(tfinfra completion bash)"',
    "zsh": 'in ~/.zshrc, after compinit: eval "$(tfinfra completion zsh)"',
    "fish": "once: tfinfra completion fish >~/.config/fish/completions/tfinfra.fish",
}


@click.command(short_help="Print the script by which a shell completes words.")
@click.argument("shell", type=click.Choice(SHELLS), required=False)
@json_option
def command(shell: str | None, as_json: bool) -> None:
    """Print the script that lets SHELL (default: yours) complete verbs, options, runs, tasks, targets, codes, regions
    and manifests. To have it always:

    \b
    bash  in ~/.bashrc: eval "$(tfinfra completion bash)"
    zsh   in ~/.zshrc, after compinit: eval "$(tfinfra completion zsh)"
    fish  once: tfinfra completion fish >~/.config/fish/completions/tfinfra.fish
    """
    from click.shell_completion import get_completion_class

    from tfinfra.cli.main import cli
    from tfinfra.cli.output import print_document, result_line
    from tfinfra.cli.tables import show_lines
    from tfinfra.errors import UsageError

    wanted = shell or Path(os.environ.get("SHELL", "")).name
    if wanted not in SHELLS:
        raise UsageError(f"there is no script for your shell, '{wanted}'", f"name one: {', '.join(SHELLS)}")
    kind = get_completion_class(wanted)
    assert kind is not None  # noqa: S101 - click has all three
    script = kind(cli, {}, "tfinfra", VARIABLE).source()
    if as_json:
        print_document("completion", {"shell": wanted, "script": script})
        return
    show_lines(script.splitlines(), whole=True)
    if sys.stdout.isatty():
        result_line(_INSTALL[wanted])
