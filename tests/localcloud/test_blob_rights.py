"""Blobs that an azurite serves: a machine's token may do what its identity was granted, and gets 403 for the rest."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from obstore.exceptions import BaseError

from tests.localcloud.calls import ACCOUNT, BLOB_CONTRIBUTOR, BLOB_READER, Arm
from tests.store.azurite import HOUR, azurite, token
from tfinfra.localcloud.arm.providers.storage import account_folder
from tfinfra.localcloud.azurite.servers import make_container
from tfinfra.localcloud.common import tokens
from tfinfra.localcloud.metadata.blob_rights import tell_azurites
from tfinfra.store import ObjectStore, open_store

NODE = "22222222-3333-4444-5555-666666666666"
CONTAINERS = f"{ACCOUNT}/blobServices/default/containers"


def test_a_node_reads_what_it_is_asked_and_puts_nothing_there(tmp_path: Path) -> None:
    with azurite(tmp_path) as served:
        make_container(served.server, "requests", token())
        served.server.rights.mkdir()
        (served.server.rights / f"{NODE}.json").write_text(json.dumps({"run": "write", "requests": "read"}))

        def opened(container: str, oid: str) -> ObjectStore:
            given = tokens.mint(b"key", oid, time.time(), HOUR, tokens.STORAGE)
            url = f"{served.server.endpoint}{container}"
            return open_store(url, lambda: (given, time.time() + HOUR), ca=served.ca)

        opened("requests", tokens.OWNER_OID).put("1.json", b"{}")
        asked, own = opened("requests", NODE), opened("run", NODE)
        assert (asked.list(""), asked.get("1.json")) == (["1.json"], b"{}")
        for write in (
            lambda: asked.put("2.json", b"{}"),
            lambda: asked.put_if_absent("2.json", b"{}"),
            lambda: asked.delete("1.json"),
            lambda: opened("other", NODE).get("1.json"),
        ):
            with pytest.raises(BaseError, match="AuthorizationPermissionMismatch"):
                write()
        own.put("tasks/main-0.json", b"{}")
        assert asked.list("") == ["1.json"]


def test_azurites_are_told_what_an_identity_was_granted(arm: Arm) -> None:
    principal = arm.make_all()
    for name in ("run", "requests"):
        assert arm.put(f"{CONTAINERS}/{name}", {"properties": {}}).status == 201
    account = arm.context.state.get(ACCOUNT)
    assert account is not None
    account = account.with_internal(port=1, program="azurite")
    arm.context.state.put(account)
    granted = {f"{CONTAINERS}/run": BLOB_CONTRIBUTOR, f"{CONTAINERS}/requests": BLOB_READER}
    for number, (scope, role) in enumerate(granted.items(), 1):
        assert arm.grant(scope, role, principal, f"{number}" * 8 + "-1111-1111-1111-111111111111").status == 201
    tell_azurites(arm.context, principal)
    told = account_folder(arm.context, account) / "rights" / f"{principal}.json"
    assert json.loads(told.read_text()) == {"run": "write", "requests": "read"}
