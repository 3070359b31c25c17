"""The object store seam: a run's nodes and its client meet here and nowhere else.

`ObjectStore` is what they need of a store (seam.py); `open_store` gives it for a URL (opening.py):
a folder of this machine (folder.py, copying.py) or Azure Blob by obstore (blob/); `read` turns what
lies at a key into a record, or says why that is unreadable (records.py); `PatientStore` bears a store's bad
moments, `GrantedStore` a grant's first minutes (patience.py); `clear` empties one (clearing.py); `blob_answer`
reads what Blob said (blob/blob_errors.py); `contents` gives many objects one after the other, `chunks_by_name` lists
those of each log (in_order.py);
`MemoryStore` (memory.py) is the fake that ships beside them, for tests.
`log_pieces` reads what logs are kept as (log_chunks.py), `points_in` what points are, `logged_in` these and remarks
(point_chunks.py).
"""

from __future__ import annotations

from tfinfra.store.blob.blob_errors import ROLE, BlobAnswer, blob_answer
from tfinfra.store.clearing import clear
from tfinfra.store.in_order import chunks_by_name, contents
from tfinfra.store.log_chunks import Piece, log_chunk, log_chunk_of, log_pieces
from tfinfra.store.memory import MemoryStore
from tfinfra.store.opening import Credential, open_store
from tfinfra.store.patience import GrantedStore, PatientStore, store_errors
from tfinfra.store.point_chunks import LONGEST_LINE, chunk_of, logged_in, points_in, reworded
from tfinfra.store.records import (
    LARGE,
    Records,
    Unreadable,
    content,
    decoded,
    encode,
    holds,
    put_first,
    read,
    read_all,
    read_file,
    readable,
)
from tfinfra.store.seam import ObjectStore, OddObject

__all__ = [
    "LARGE",
    "LONGEST_LINE",
    "ROLE",
    "BlobAnswer",
    "Credential",
    "GrantedStore",
    "MemoryStore",
    "ObjectStore",
    "OddObject",
    "PatientStore",
    "Piece",
    "Records",
    "Unreadable",
    "blob_answer",
    "chunk_of",
    "chunks_by_name",
    "clear",
    "content",
    "contents",
    "decoded",
    "encode",
    "holds",
    "log_chunk",
    "log_chunk_of",
    "log_pieces",
    "logged_in",
    "open_store",
    "points_in",
    "put_first",
    "read",
    "read_all",
    "read_file",
    "readable",
    "reworded",
    "store_errors",
]
