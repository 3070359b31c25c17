"""Whether Pulumi's provider for Azure is on this machine."""

from __future__ import annotations

import os

from tfinfra.errors import TfinfraError
from tfinfra.machine.walk.steps import Step


def plugin_step(local: bool) -> Step:
    """What `up` would say of it, without a download. `local`: the run goes to this machine's cloud, which brings a
    provider of its own."""
    if local:
        return Step("plugin", "ok", "the local cloud brings its own")
    from tfinfra.arm.azure_native import VERSION
    from tfinfra.engine.provider.install import GET_IT, as_wanted, trust
    from tfinfra.engine.provider.plugin_folder import find_provider
    from tfinfra.engine.provider.plugin_source import chosen_source

    installed = find_provider() is not None
    try:
        as_wanted(os.environ) if installed else chosen_source(os.environ)
    except TfinfraError as error:
        return Step("plugin", "not", error.message, error.hint, error.exit_code)
    if not installed:
        return Step("plugin", "not", f"azure-native {VERSION} is not here; the first `up` gets it", GET_IT)
    return Step("plugin", "ok", f"azure-native {VERSION}, {trust()}")
