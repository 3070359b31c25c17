"""The one archive that a node needs to become part of a run: the agent, its one dependency, the user's source, the plan
and the training environment's lock. Same inputs, same bytes; its digest is in the nodes' settings and is checked there.

    agent/tfinfra/     the agent and what it imports of this package
    site/              obstore and pyrage, as the nodes' own Python loads them; py-rattler for conda packages
    conda/             the conda packages of channels that are folders, where a node installs them
    source/            what travels of source_directory
    plan.json          the Plan
    environment.json   {"lock": Lock, "prebuilt": the environment's folder on the node, or null}
"""

from tfinfra.bundle.build import Bundle, Packed, Source, build_bundle

__all__ = ["Bundle", "Packed", "Source", "build_bundle"]
