"""Whether Pulumi's provider for Azure is on this machine."""

from __future__ import annotations

import shutil

from tfinfra.lifecycle.walk.steps import Step


def plugin_step(local: bool) -> Step:
    """`local`: the run goes to this machine's cloud, which brings a provider of its own."""
    if local:
        return Step("plugin", "ok", "the local cloud brings its own")
    found = shutil.which("pulumi-resource-azure-native")
    if found:
        return Step("plugin", "ok", found)
    return Step("plugin", "not", "the azure-native provider is not here; the first `up` gets it", "tfinfra setup")
