"""Whether Pulumi's provider for Azure is on this machine."""

from __future__ import annotations

from tfinfra.lifecycle.walk.steps import Step


def plugin_step(local: bool) -> Step:
    """`local`: the run goes to this machine's cloud, which brings a provider of its own."""
    if local:
        return Step("plugin", "ok", "the local cloud brings its own")
    from tfinfra.engine.provider.install import recorded
    from tfinfra.engine.provider.place import VERSION, find_provider

    if find_provider() is None:
        fix = (
            "`tfinfra setup` gets it now; TFINFRA_PROVIDER_MIRROR names a mirror or a file where the network is closed"
        )
        return Step("plugin", "not", f"azure-native {VERSION} is not here; the first `up` gets it", fix)
    known = recorded()
    trust = f"SHA-256 {known['sha256']} (by {known['known_by']})" if known else "nobody recorded its SHA-256"
    return Step("plugin", "ok", f"azure-native {VERSION}, {trust}")
