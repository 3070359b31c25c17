"""What an index, uv or conda refuses of the user's packages: an error that the compiler can put at its line."""

from __future__ import annotations

from dataclasses import dataclass, field

from tfinfra.errors import ManifestError


@dataclass
class RefusedPackages(ManifestError):
    """`key` is the manifest's key at fault, and `about` the packages by their normalised names, the first of them the
    one to begin with: whoever has the manifest at hand knows their lines. `code` is that of the diagnostic."""

    key: str = "pip_packages"
    about: tuple[str, ...] = field(default=())
    code: str = "TFI329"

    exit_code = 3
