"""What a machine's identity may do with blobs that an azurite serves, for that azurite to hold its requests against."""

from __future__ import annotations

import json
from pathlib import Path

from tfinfra.localcloud.arm.providers.mounts import BlobPlace, blob_places
from tfinfra.localcloud.arm.providers.resource_provider import CloudContext
from tfinfra.localcloud.arm.providers.storage import server_of
from tfinfra.localcloud.arm.rbac.builtin import BLOB_WRITER
from tfinfra.system.whole_file import write_whole


def tell_azurites(context: CloudContext, principal: str) -> None:
    """Writes down what the principal (an object id) has been granted by now, for each azurite of which it may use
    anything. A grant that is made later counts from its next token on, as one takes its time on Azure too."""
    places: dict[Path, list[BlobPlace]] = {}
    for place in blob_places(context, principal):
        if server := server_of(context, place.account):
            places.setdefault(server.rights, []).append(place)
    for folder, those in places.items():
        rights: dict[str, str] = {}
        for place in those:
            if rights.get(place.container) != "write":
                rights[place.container] = "write" if place.role == BLOB_WRITER else "read"
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / f"{principal}.json", json.dumps(rights).encode())
