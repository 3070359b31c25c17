"""Whether Pulumi's provider for Azure is on this machine."""

from __future__ import annotations

import os

from tfinfra.errors import TfinfraError
from tfinfra.lifecycle.walk.steps import Step


def plugin_step(local: bool) -> Step:
    """What `up` would say of it, without a download. `local`: the run goes to this machine's cloud, which brings a
    provider of its own."""
    if local:
        return Step("plugin", "ok", "the local cloud brings its own")
    from tfinfra.engine.provider.install import as_wanted, recorded
    from tfinfra.engine.provider.place import VERSION, find_provider
    from tfinfra.engine.provider.source import chosen_source

    there = find_provider() is not None
    try:
        as_wanted(os.environ) if there else chosen_source(os.environ)
    except TfinfraError as error:
        return Step("plugin", "not", error.message, error.hint, error.exit_code)
    if not there:
        fix = (
            "`tfinfra setup` gets it now; TFINFRA_PROVIDER_MIRROR names a mirror or a file where the network is closed"
        )
        return Step("plugin", "not", f"azure-native {VERSION} is not here; the first `up` gets it", fix)
    known = recorded()
    trust = f"SHA-256 {known['sha256']} (by {known['known_by']})" if known else "nobody recorded its SHA-256"
    return Step("plugin", "ok", f"azure-native {VERSION}, {trust}")
