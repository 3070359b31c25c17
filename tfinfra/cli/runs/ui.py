"""`tfinfra ui`: this machine's runs in a browser."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext

import click

from tfinfra.cli.options import json_option


@click.command(short_help="Show all runs in a browser.")
@click.option("--port", type=click.IntRange(0, 65535), help="Where it answers on 127.0.0.1; 0: any that is free.")
@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
@json_option
def command(*, port: int | None, no_browser: bool, as_json: bool) -> int:
    """Show the runs that this machine knows in a browser, live, until Ctrl-C: how they stand, their logs and metrics.
    It only reads, but for two things that ask first: stop a run (`down`), and give kept nodes more time (`extend`). It
    answers on loopback alone, and lets in one browser, by the address that it prints; that is good once."""
    from tfinfra.cli.output import print_document, progress, show
    from tfinfra.system.installation import require_run_packages

    require_run_packages()
    from tfinfra.ui.serve import has_browser, serving

    with serving(port, progress) as served:
        if as_json:
            print_document("ui", {"url": served.address, "numbered_url": served.numbered_address})
        else:
            show(served.address)
        opens = not (no_browser or as_json) and sys.stdout.isatty() and has_browser()
        with served.in_browser() if opens else nullcontext():
            if os.environ.get("SSH_CONNECTION"):
                progress(f"over ssh, forward the same port: ssh -L {served.port}:127.0.0.1:{served.port} …")
            if not as_json:
                progress(f"for a browser that does not find that host, as Safari: {served.numbered_address}")
            progress("Ctrl-C ends it")
            served.until_interrupted()
    return 0
