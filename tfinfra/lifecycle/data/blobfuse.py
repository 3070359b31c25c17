"""blobfuse2's configuration for one read-only mount, as its documentation and setup/baseConfig.yaml give the keys
(learn.microsoft.com/azure/storage/blobs/blobfuse2-configuration; github.com/Azure/azure-storage-fuse)."""

from __future__ import annotations

from urllib.parse import urlsplit

CACHE = "/var/lib/tfinfra/blobfuse"
KEEP_SECONDS = 3600
"""Inputs do not change while a run reads them."""


def configuration(container: str, folder: str, client_id: str) -> str:
    """YAML for `folder` ("" for all) of the container with this URL, read as the identity `client_id`."""
    import yaml

    parts = urlsplit(container)
    account, name = str(parts.hostname).split(".")[0], parts.path.strip("/")
    below = {"subdirectory": folder} if folder else {}
    document = {
        "read-only": True,
        "allow-other": True,
        "logging": {"type": "syslog", "level": "log_warning"},
        "components": ["libfuse", "file_cache", "attr_cache", "azstorage"],
        "libfuse": {"attribute-expiration-sec": KEEP_SECONDS, "entry-expiration-sec": KEEP_SECONDS},
        "file_cache": {"path": f"{CACHE}/{account}/{name}/{folder}".rstrip("/"), "timeout-sec": KEEP_SECONDS},
        "attr_cache": {"timeout-sec": KEEP_SECONDS},
        "azstorage": {
            "type": "block",
            "account-name": account,
            "endpoint": f"{parts.scheme}://{parts.netloc}",
            "container": name,
            **below,
            "mode": "msi",
            "appid": client_id,
        },
    }
    return yaml.safe_dump(document, sort_keys=False)
