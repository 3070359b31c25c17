"""Downloads one object into a file. What has come stays in a .part file beside it until it is whole, so that neither a
broken connection nor the end of this process costs more than what was on its way."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tfinfra.errors import first_line

TRIES = 6  # in a row that bring nothing
CHUNK = 1 << 20
_LONGEST_PAUSE = 5.0
_log = logging.getLogger(__name__)


def download(store: Any, key: str, path: Path) -> None:
    """Brings the object `key` of an obstore store into `path`. Raises FileNotFoundError where there is none, obstore's
    own errors where it does not come after several tries; then the next call goes on where this one ended."""
    from obstore.exceptions import BaseError

    failed, pause, part = 0, 0.2, Part(path, key)
    while True:
        before = part.held()
        try:
            _attempt(store, key, part)
        except FileNotFoundError:
            raise
        except BaseError as error:
            failed = 0 if part.held() > before else failed + 1
            if failed >= TRIES:
                raise
            _log.warning("the download of %s was broken off, going on in %.1f s: %s", key, pause, first_line(error))
        else:
            return
        time.sleep(pause)
        pause = 0.2 if failed == 0 else min(2 * pause, _LONGEST_PAUSE)


class Part:
    """What has come of the object `key`, beside `path`, with the ETag of the object that it is a part of."""

    def __init__(self, path: Path, key: str) -> None:
        name = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self.path = path
        self.file = path.with_name(f".{name}.part")
        self._tag = path.with_name(f".{name}.etag")

    def held(self) -> int:
        """Bytes."""
        return self.file.stat().st_size if self.file.exists() else 0

    def belong(self, e_tag: str) -> int:
        """The bytes that go on being of use for the object with this ETag: what came of another is dropped."""
        if not self._tag.exists() or self._tag.read_text("utf-8") != e_tag:
            self.file.write_bytes(b"")
            self._tag.write_text(e_tag, "utf-8")
        return self.held()

    def append(self, chunks: Iterable[Any]) -> None:
        with self.file.open("ab") as out:
            for chunk in chunks:
                out.write(chunk)

    def finish(self, size: int) -> None:
        """Puts the whole file into its place. Raises GenericError where it is not whole."""
        from obstore.exceptions import GenericError

        held = self.held()
        if held != size:
            if held > size:
                self._tag.unlink()
            raise GenericError(f"{held} of {size} bytes came of {self.path.name}")
        self.file.replace(self.path)
        self._tag.unlink()


def _attempt(store: Any, key: str, part: Part) -> None:
    """Asks for the rest of the object, as long as it is still the one that the part is of."""
    answer = None if part.held() else store.get(key)
    meta = answer.meta if answer else store.head(key)
    e_tag = str(meta["e_tag"])
    if not e_tag.startswith(('"', "W/")):  # a listing's has no quotes, and `If-Match` wants them
        e_tag = f'"{e_tag}"'
    held = part.belong(e_tag)
    if held < meta["size"]:
        options = {"range": {"offset": held}, "if_match": e_tag}
        rest = answer if answer and not held else store.get(key, options=options)
        part.append(rest.stream(min_chunk_size=CHUNK))
    part.finish(meta["size"])
