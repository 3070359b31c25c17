"""The files of a source directory as a lock holds them."""

from __future__ import annotations

from pathlib import Path

from tfinfra.errors import ManifestError
from tfinfra.locking.canonical import sha256
from tfinfra.locking.trees import spelt
from tfinfra.travel.line_ends import LineEnds
from tfinfra.travel.survey import Survey


def source_files(root: Path, travels: Survey) -> dict[str, str]:
    """{path: its FileText} of what travels, in the order of the paths. Raises ManifestError for a file that cannot be
    read."""
    ends = LineEnds(root, travels.names)
    found = {}
    for file in travels.files:
        if file.link is not None:
            found[spelt(file.name)] = f"link {spelt(file.link)}"
            continue
        try:
            data = Path(root, file.name).read_bytes()
        except OSError as error:
            message = f"source_directory: '{spelt(file.name)}' cannot be read: {(error.strerror or str(error)).lower()}"
            raise ManifestError(message, "run the command again, when nothing changes its files") from error
        found[spelt(file.name)] = sha256(ends.unified(file.name, data)) + " executable" * file.executable
    return found
