"""The nodes' customData: the cloud-init file beside the program, word for word, and the run's own settings after it."""

from __future__ import annotations

import base64
import json
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32

_BOUNDARY = "=====tfinfra====="  # fixed: the same run gives the same bytes
_SETTINGS = "/etc/tfinfra/settings.json"
# The second part's write_files are added to the first part's, and nothing of the first part is replaced
# (cloudinit.readthedocs.io, "Merging user-data sections").
_MERGE = [
    {"name": "list", "settings": ["append"]},
    {"name": "dict", "settings": ["no_replace", "recurse_list"]},
]
_LIMIT = 65535  # learn.microsoft.com/azure/virtual-machines/custom-data


def custom_data(cloud_init: str, node_settings: str, hosts: str = "") -> str:
    """Base64 of a MIME multipart message; the lines of `hosts` are added to the nodes' /etc/hosts. Raises ValueError
    above Azure's 64 KB, which ARM would refuse later."""
    message = MIMEMultipart(boundary=_BOUNDARY)
    message.attach(_part(cloud_init))
    message.attach(_part(_settings_document(node_settings, hosts)))
    raw = message.as_bytes(policy=compat32.clone(mangle_from_=False, max_line_length=None))
    if len(raw) > _LIMIT:
        raise ValueError(f"the nodes' customData has {len(raw)} bytes; Azure takes {_LIMIT}")
    return base64.b64encode(raw).decode("ascii")


def _settings_document(node_settings: str, hosts: str) -> str:
    files: list[dict[str, object]] = [{"path": _SETTINGS, "permissions": "0644", "content": node_settings}]
    if hosts:
        files.append({"path": "/etc/hosts", "permissions": "0644", "content": hosts, "append": True})
    return json.dumps({"write_files": files, "merge_how": _MERGE})


def _part(text: str) -> MIMEText:
    return MIMEText(text, "cloud-config", "us-ascii" if text.isascii() else "utf-8")
