"""Whether the bundle that nodes fetch is in the run's store: machines without it are billed and do nothing."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pulumi
from pulumi_azure_native import authorization

from stacks.settings import Pushed, Settings

_STORAGE = "https://storage.azure.com"  # whom the tokens of Blob storage are for, on every cloud
_NEVER_PUSHED = "00000000-0000-0000-0000-000000000000"
_PATIENCE = 20  # seconds


def pushed(settings: Settings) -> Pushed:
    """What was pushed for the nodes of the compute stack. A preview warns where that is not there, and goes on with
    what stands in for it; an update, which would buy machines, ends with RunError."""
    found, push = settings.pushed, f"`tfinfra push . --run {settings.run}`"
    if not pulumi.runtime.is_dry_run():
        if found is None:
            raise pulumi.RunError(
                f"nothing is pushed for the nodes of {settings.run}, so none is made: {push} comes first"
            )
        return found
    if found is None:
        pulumi.log.warn(f"nothing is pushed for the nodes of {settings.run}: {push} comes before `pulumi up`")
        identity = f"/subscriptions/{_NEVER_PUSHED}/resourceGroups/-/providers/-/-/{settings.run}-nodes"
        return Pushed(identity, None, json.dumps({"run": settings.run}))
    if _is_missing(json.loads(found.node_settings)):
        lost = f"the bundle of {settings.run} is not in its store any more: nodes would boot and end for nothing"
        pulumi.log.warn(f"{lost}; {push} brings it")
    return found


def is_stand_in(identity_id: str) -> bool:
    """Whether an identity only stands in for one that is not known yet."""
    return _NEVER_PUSHED in identity_id and "/-/" in identity_id


def _is_missing(nodes: dict[str, str | None]) -> bool:
    """Whether the store says that the bundle is not there; False also where it says nothing, to whoever asks here."""
    url = f"{nodes['store']}/{nodes['bundle']}"
    if url.startswith("file:"):
        return not Path(unquote(urlsplit(url).path)).exists()
    try:
        token = authorization.get_client_token(endpoint=_STORAGE).token
        headers = {"Authorization": f"Bearer {token}", "x-ms-version": "2023-11-03"}
        request = urllib.request.Request(url, method="HEAD", headers=headers)  # noqa: S310  of the nodes' settings
        trust = ssl.create_default_context(cadata=nodes.get("arm_ca"))
        with urllib.request.urlopen(request, timeout=_PATIENCE, context=trust):  # noqa: S310
            return False
    except urllib.error.HTTPError as refused:
        return refused.code == 404
    except Exception as error:  # noqa: BLE001  no token, no way there: the nodes may have both
        pulumi.log.info(f"whether the bundle is there cannot be seen from here: {error}")
        return False
