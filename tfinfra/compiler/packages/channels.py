"""Conda's channels, as a manifest writes them: names, URLs, and folders."""

from __future__ import annotations

from pathlib import Path

from tfinfra.compiler.user_paths import below, is_folder, real


def channel_url(channel: str, root: Path) -> str:
    """A folder's URL, relative ones below `root`; names and URLs as they are. Never raises."""
    folder = _folder(channel, root)
    return channel if folder is None else folder.as_uri()


def is_missing(channel: str, root: Path) -> bool:
    """Whether a channel that is a folder is not there; of all others only the network knows. Never raises."""
    folder = _folder(channel, root)
    return "\0" in channel or (folder is not None and not is_folder(folder))


def _folder(channel: str, root: Path) -> Path | None:
    """The folder that a channel is, relative ones below `root`; None for names and URLs, those of files too."""
    if channel.startswith(("/", "./", "../", "~")) or channel in (".", ".."):
        return real(below(root, channel))
    return None
