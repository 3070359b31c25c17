"""A resolved manifest and what its runs are made of → the text of its lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tfinfra.locking.canonical import document_digest
from tfinfra.locking.document import ManifestLock
from tfinfra.manifest.key_schema import LOCK
from tfinfra.manifest.reading.scalars import plain_value
from tfinfra.model import to_json

HEAD = (
    "# The lock of {manifest}: the resolved manifest, and under `lock` all that its runs are made of.\n"
    "# `tfinfra lock` writes it, `tfinfra lock --check` compares, `tfinfra up --locked` runs it. Commit it.\n"
)


def finished(manifest_keys: Mapping[str, Any], lock: ManifestLock) -> tuple[ManifestLock, str]:
    """The lock with its digest, and its YAML: the same values give the same bytes. Raises NotCanonical."""
    done = replace(lock, digest=document_digest({**manifest_keys, LOCK: _document(lock)}))
    return done, HEAD.format(manifest=lock.manifest.path) + _yaml({**manifest_keys, LOCK: _document(done)})


def _document(lock: ManifestLock) -> dict[str, Any]:
    """The key's values without those that are the default: what is not there is not said."""
    found: dict[str, Any] = _without_nothing(to_json(lock))
    return found


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nothing(one) for key, one in value.items() if one not in (None, [], {})}
    return [_without_nothing(one) for one in value] if isinstance(value, list) else value


def _yaml(data: Mapping[str, Any]) -> str:
    """Text as the manifest's reader takes it: PyYAML alone would leave `1e-3` without quotes, which is a number
    there."""
    import yaml

    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(base):  # type: ignore[misc]
        """The safe one, with quotes around all that is no text without them."""

    def text(dumper: Any, value: str) -> Any:
        plain = isinstance(plain_value(value), str)
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if plain else '"')

    Dumper.add_representer(str, text)
    return str(yaml.dump(dict(data), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=1_000_000))
