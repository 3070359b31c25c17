"""`tfinfra report-bundle`: one file that may be attached to a report."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from tfinfra.cli.completion import all_runs, completing
from tfinfra.cli.options import NamedPath, json_option


@click.command(short_help="Write one file about a failure, to attach to a report.")
@click.argument("run", required=False, shell_complete=completing(all_runs))
@click.option("--last", is_flag=True, help="Of the last failure, also where it came before any run.")
@click.option("-o", "out", type=NamedPath(path_type=Path, dir_okay=False), help="The file; else one in this folder.")
@click.option("--with-logs", is_flag=True, help="With what the training and its setup script printed.")
@json_option
def command(*, run: str | None, last: bool, out: Path | None, with_logs: bool, as_json: bool) -> int:
    """Write what is known of RUN, or of the last failure, to one .tar.gz.

    It holds versions, the plan's shape, events, what ARM answered, the nodes' own logs and what doctor finds here. Ids,
    addresses and names of people, machines and places are replaced, secrets are masked. It is sent nowhere.
    """
    import os

    from tfinfra.cli.output import print_document, result_line
    from tfinfra.errors import UsageError
    from tfinfra.machine.doctor import examine
    from tfinfra.machine.report.bundle import write_bundle
    from tfinfra.system.paths import state_folder

    if (run is None) is not last:
        if run is not None:
            raise UsageError("RUN and --last contradict each other", "give one of them")
        raise UsageError("name a run, or give --last", "--last is the last failure, also where it came before any run")
    path = write_bundle(run, out, state_folder(), partial(examine, asking=False), os.environ, with_logs=with_logs)
    if as_json:
        print_document("report-bundle", {"file": str(path), "with_logs": with_logs})
    else:
        result_line(f"{path} holds the report; nothing was sent: look into it, then attach it")
    return 0
