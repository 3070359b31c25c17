"""Who reaches a run's storage accounts by private endpoints: NFS knows no other credential than the way to it."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.live import questions
from tfinfra.auditing.live.live_run import LiveRun
from tfinfra.auditing.live.members import member

_ACCOUNTS = "Microsoft.Storage/storageAccounts"


def private_endpoints(live: LiveRun) -> Iterator[Finding]:
    """Endpoints outside of the run's groups. Whether a connection is approved counts not: it was asked for."""
    own = tuple(f"{questions.group_id(live.subscription, group)}/".lower() for group in live.parts)
    for made in questions.resources(live.present, _ACCOUNTS):
        found = member(live.answer(questions.of_resource(made)).document, "properties", "privateEndpointConnections")
        for connection in found if isinstance(found, list) else ():
            endpoint = str(member(connection, "properties", "privateEndpoint", "id") or "")
            if endpoint and not endpoint.lower().startswith(own):
                text = f"the private endpoint {endpoint} leads to {made.id.rpartition('/')[2]}, and is not the run's"
                yield Finding("TFA632", Verdict.FOREIGN, endpoint, text)


CHECKS = (private_endpoints,)
