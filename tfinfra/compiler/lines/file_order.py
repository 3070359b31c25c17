"""File order for diagnostics: the manifest's first, then the other files' in the order that they come up."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tfinfra.compiler.project import Project
from tfinfra.errors import Diagnostic


def in_file_order(project: Project, found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """`found` by file, line and column, each once; arguments from Python in the order that they were given."""
    unique = list(dict.fromkeys(found))
    files = [project.document.file, *(d.position.file for d in unique if d.position)]
    arguments = [*project.document.data]

    def order(diagnostic: Diagnostic) -> tuple[int, int, int]:
        if diagnostic.position is None:
            key = re.split(r"[.\[]", diagnostic.path)[0]
            return 0, arguments.index(key) if key in arguments else -1, 0
        return files.index(diagnostic.position.file), diagnostic.position.line, diagnostic.position.column

    return tuple(sorted(unique, key=order))
