"""A value as it stands on one line of YAML, for hints and for manifests that are made of other tools' files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


def flow(value: Any) -> str:
    """`value` on one line: true, 3, train.py, {a: b}, [a, b]. Text that YAML would read as something else is quoted,
    but for numbers: a manifest keeps them as they are written."""
    import yaml

    written = yaml.dump(
        value, Dumper=_dumper(), default_flow_style=True, width=10**6, sort_keys=False, allow_unicode=True
    )
    return str(written).removesuffix("\n...\n").removesuffix("\n")


def pairs(values: Mapping[str, Any]) -> str:
    """ "a: 1, b: x" of a mapping."""
    return flow(dict(values))[1:-1]


@cache
def _dumper() -> Any:
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            del data
            return True

    def text(dumper: Any, value: str) -> Any:
        tag = dumper.resolve(yaml.ScalarNode, value, (True, False))
        return dumper.represent_scalar(tag if tag in _NUMBERS else "tag:yaml.org,2002:str", value)

    Dumper.add_representer(str, text)
    return Dumper
