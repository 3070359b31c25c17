"""The variables that package tools are started with."""

from __future__ import annotations

import os
from collections.abc import Mapping

from tfinfra.system.process.inherited_variables import package_environment


def tool_environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without other Pythons' settings, and without what looks like a credential: tools that
    fetch others' code have no use for it. pip's index settings hold for uv too."""
    given = package_environment(os.environ if base is None else base)
    for name in _OTHER_PYTHONS:
        given.pop(name, None)
    for of_pip, of_uv in (("PIP_INDEX_URL", "UV_DEFAULT_INDEX"), ("PIP_EXTRA_INDEX_URL", "UV_INDEX")):
        if given.get(of_pip) and not given.get(of_uv):
            given[of_uv] = given[of_pip]
    given.setdefault("UV_SYSTEM_CERTS", "true")  # as pip: a network with a certificate authority of its own is no error
    if given.get("UV_DEFAULT_INDEX"):
        given.setdefault("PIP_INDEX_URL", given["UV_DEFAULT_INDEX"])
    return given


_OTHER_PYTHONS = (
    *("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONUSERBASE"),
    *("UV_PYTHON", "UV_PROJECT", "UV_WORKING_DIR", "UV_WORKING_DIRECTORY"),
)
