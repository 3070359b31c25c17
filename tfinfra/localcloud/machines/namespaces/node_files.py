"""The files that make a copy of the host a machine of its own: names, and cloud-init's seed and settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tfinfra.localcloud.machines.interface import InstanceSpec
from tfinfra.localcloud.machines.namespaces.node_root import CONFIG

_LOGGING = """[loggers]
keys=root
[handlers]
keys=file
[formatters]
keys=plain
[logger_root]
level=DEBUG
handlers=file
[handler_file]
class=FileHandler
formatter=plain
args=("/var/log/cloud-init.log",)
[formatter_plain]
format=%(asctime)s %(name)s[%(levelname)s]: %(message)s
"""
# A node is a cloud image without the services that a virtual machine has: no ssh, no packages, and no disk to grow. Its
# disk is a folder of the host's: growpart and resizefs, which every image of Azure has, are not among its modules.
_CLOUD_INIT = {
    "datasource_list": ["NoCloud"],
    "datasource": {"NoCloud": {"fs_label": None}},
    "network": {"config": "disabled"},
    "users": [],
    "disable_root": False,
    "preserve_hostname": True,  # it has its name since before its first process, which may not change it
    "log_cfgs": [_LOGGING],
    "cloud_init_modules": ["bootcmd", "write-files", "set_hostname", "users-groups"],
    "cloud_config_modules": ["locale", "set-passwords", "runcmd"],
    "cloud_final_modules": ["write-files-deferred", "scripts-per-boot", "scripts-user", "final-message"],
}


def write(root: Path, instance: InstanceSpec, hosts: Mapping[str, str]) -> None:
    """Writes them below `root`; `hosts` are the addresses of all machines of the set, by name."""
    names = "".join(f"{address} {name}\n" for name, address in hosts.items())
    _replace(root / "etc/hosts", f"127.0.0.1 localhost\n::1 localhost\n{names}")
    _replace(root / "etc/hostname", f"{instance.computer_name}\n")
    _replace(root / "etc/resolv.conf", "# no name server: a node of the local cloud reaches its peers only\n")
    (root / "etc/cloud/cloud-init.disabled").unlink(missing_ok=True)
    _replace(root / CONFIG.relative_to("/") / "90-local.cfg", json.dumps(_CLOUD_INIT, indent=2) + "\n")
    seed = root / "var/lib/cloud/seed/nocloud"
    seed.mkdir(parents=True)
    about = {"instance-id": instance.vm_id, "local-hostname": instance.computer_name}
    _replace(seed / "meta-data", json.dumps(about) + "\n")
    (seed / "user-data").write_bytes(instance.custom_data)


def _replace(path: Path, text: str) -> None:
    """Writes a file of the machine's own: the host's may be a link to what the machine does not have."""
    path.unlink(missing_ok=True)
    path.write_text(text, encoding="utf-8")
