"""What cloud-init would do with a customData on an image like Azure's; for the system's Python, which has cloud-init.

`python azure_image.py FOLDER CLOUD_CFG CUSTOM_DATA` merges the customData as cloud-init does at a first boot, and runs
the modules growpart and resizefs over a disk that is not there. It tells, as JSON, what they would have grown, by which
command, and what is written.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import yaml
from cloudinit import helpers, util  # type: ignore[import-not-found]
from cloudinit.config import cc_growpart, cc_resizefs  # type: ignore[import-not-found]
from cloudinit.handlers.cloud_config import CloudConfigPartHandler  # type: ignore[import-not-found]
from cloudinit.user_data import UserDataProcessor  # type: ignore[import-not-found]


def merged(folder: Path, base: dict[str, Any], custom_data: bytes) -> Any:
    """The configuration of a first boot: the customData's parts, merged by cloud-init, over the image's own."""
    paths = helpers.Paths({"cloud_dir": str(folder / "cloud"), "run_dir": str(folder / "run")})
    handler = CloudConfigPartHandler(paths)
    handler.cloud_fn = str(folder / "cloud-config.txt")
    handler.handle_part(None, "__begin__", None, None, None, None)
    for part in UserDataProcessor(paths).process(custom_data).walk():
        if not part.is_multipart():
            text = util.fully_decoded_payload(part)
            handler.handle_part(None, part.get_content_type(), part.get_filename(), text, None, dict(part))
    handler.handle_part(None, "__end__", None, None, None, None)
    theirs = yaml.safe_load((folder / "cloud-config.txt").read_text())
    return util.mergemanydict([theirs, base])


def grown(config: Any) -> tuple[list[str], list[str]]:
    """The devices that growpart is given, and the command of resizefs, on a disk as Azure's."""
    devices: list[str] = []
    commands: list[list[str]] = []
    log, cloud = logging.getLogger(), mock.Mock()

    def resize_devices(_resizer: Any, named: list[str]) -> list[Any]:
        devices.extend(named)
        return []

    with (
        mock.patch.object(cc_growpart, "resizer_factory"),
        mock.patch.object(cc_growpart, "resize_devices", resize_devices),
        mock.patch.object(util, "get_mount_info", lambda *_: ("/dev/sda1", "ext4", "/")),
        mock.patch.object(cc_resizefs, "maybe_get_writable_device_path", lambda path, *_: path),
        mock.patch.object(cc_resizefs, "can_skip_resize", lambda *_: False),
        mock.patch.object(cc_resizefs, "do_resize", lambda command, _log: commands.append(list(command))),
    ):
        cc_growpart.handle("growpart", config, cloud, log, [])
        cc_resizefs.handle("resizefs", config, cloud, log, [])
    return devices, [word for command in commands for word in command]


def main(folder: Path, image: Path, custom_data: Path) -> None:
    base = yaml.safe_load(image.read_text())
    modules = [m for stage in ("init", "config", "final") for m in base[f"cloud_{stage}_modules"]]
    config = merged(folder, base, custom_data.read_bytes())
    devices, command = grown(config)
    files = {f["path"]: f.get("permissions") for f in config["write_files"]}
    print(json.dumps({"modules": modules, "devices": devices, "command": command, "files": files}))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
