"""`tfinfra schema`: the JSON Schemas of what tfinfra reads and prints, for editors and programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import click

from tfinfra.cli.completion import completing


def _names(context: click.Context) -> Iterable[str]:
    del context
    return _titles()


@click.command(help="Print the JSON Schema of the manifest (for editors), or of what a verb prints with --json.")
@click.option(
    "--of", "name", metavar="NAME", default="manifest", shell_complete=completing(_names), help="Of what. [manifest]"
)
@click.option("--list", "listed", is_flag=True, help="List the names that --of takes.")
@click.option("--json", "as_json", is_flag=True, help="A schema is JSON anyway; with --list the list is, too.")
def command(name: str, listed: bool, as_json: bool) -> None:
    """With yaml-language-server: `# yaml-language-server: $schema=<file>` as the manifest's first line. Raises
    UsageError for a name that nothing has."""
    from tfinfra.cli.output import print_document, print_json, show

    if not listed:
        print_json(_schema(name))
    elif as_json:
        print_document("schema-list", {"schemas": [{"name": n, "title": title} for n, title in _titles().items()]})
    else:
        width = max(map(len, _titles()))
        show(*(f"{name:<{width}}  {title}" for name, title in _titles().items()))


def _titles() -> dict[str, str]:
    """{name: of what the schema is}: the files that a user writes, then the documents."""
    from tfinfra.documents.published import titles

    files = {
        "manifest": "The manifest",
        "compute_targets": "compute_targets.yaml",
        "guardrails": "The guardrails file",
        "indexes": "indexes.yaml",
    }
    return {**files, **titles()}


def _schema(name: str) -> dict[str, Any]:
    from tfinfra.documents.published import schema
    from tfinfra.errors import UsageError
    from tfinfra.guardrails.key_schema import GUARDRAILS
    from tfinfra.manifest.json_schema import file_schema, indexes_schema, json_schema, targets_schema
    from tfinfra.manifest.key_schema import PACKAGE_URL
    from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest

    files: dict[str, Callable[[], dict[str, Any]]] = {
        "manifest": json_schema,
        "compute_targets": targets_schema,
        "guardrails": partial(file_schema, "guardrails", GUARDRAILS),
        "indexes": partial(indexes_schema, PACKAGE_URL),
    }
    if name in files:
        return files[name]()
    if name not in _titles():
        near = nearest(name, _titles())
        hint = did_you_mean(near) if near else "`tfinfra schema --list` lists them"
        raise UsageError(f"there is no schema of '{name}'", hint)
    return schema(name)
