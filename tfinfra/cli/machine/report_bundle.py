"""`tfinfra report-bundle`: one file that may be attached to a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tfinfra.cli.options import json_option

if TYPE_CHECKING:
    from tfinfra.machine.doctor import CheckResult


@click.command(short_help="Write one file about a failure, to attach to a report.")
@click.argument("run", required=False)
@click.option("--last", is_flag=True, help="Of the last failure, also where it came before any run.")
@click.option("-o", "out", type=click.Path(path_type=Path, dir_okay=False), help="The file; else one in this folder.")
@click.option("--with-logs", is_flag=True, help="With what the training and its setup script printed.")
@json_option
def command(*, run: str | None, last: bool, out: Path | None, with_logs: bool, as_json: bool) -> int:
    """Write what is known of RUN, or of the last failure, to one .tar.gz.

    It holds versions, the plan's shape, events, what ARM answered, the nodes' own logs and what doctor finds here. Ids,
    addresses and names of people, machines and places are replaced, secrets are masked. It is sent nowhere.
    """
    import os

    from tfinfra.cli.output import print_document, progress
    from tfinfra.errors import UsageError
    from tfinfra.machine.report.bundle import write_bundle
    from tfinfra.system.paths import state_folder

    if (run is None) is not last:
        raise UsageError("name a run, or give --last")
    path = write_bundle(run, out, state_folder(), _checklist, os.environ, with_logs=with_logs)
    if as_json:
        print_document({"file": str(path), "with_logs": with_logs})
    else:
        progress(f"{path} holds the report; nothing was sent: look into it, then attach it")
    return 0


def _checklist() -> list[CheckResult]:
    """What doctor finds on this machine, but for what asks a cloud."""
    from tfinfra.localcloud.machines.machine_kinds import possible_kinds
    from tfinfra.machine.doctor import examine

    return examine(possible_kinds, asking=False)
