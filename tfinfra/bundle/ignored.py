"""What of source_directory stays behind: what git's ignore files and `.tfinfraignore` say, and what holds secrets by
its name. Source of the rules: git's documentation, "gitignore"."""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from tfinfra.errors import ManifestError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_GIT, _OWN = ".gitignore", ".tfinfraignore"
_MOST_BYTES = 1_000_000

# The names under which tools keep credentials; a pattern for others to fill in is no secret.
_SECRET_FILES = (
    *(".env", ".env.*", "*.env", ".envrc", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "*.pem", "*.key"),
    *("*.p12", "*.pfx", "*.ppk", "*.jks", "*.keystore", "*.kdbx", ".netrc", "_netrc", ".pgpass", ".npmrc", ".pypirc"),
    *(".git-credentials", ".htpasswd", ".dockercfg", "kubeconfig", ".boto", ".s3cfg", ".vault-token", ".databrickscfg"),
    *("kaggle.json", "*.tfstate", "*.tfstate.*", "credentials", "credentials.json", "client_secret*.json"),
    *("service-account*.json", "service_account*.json", "secrets.yaml", "secrets.yml", "secrets.json", "secrets.toml"),
    ".secrets*",
)
_SECRET_FOLDERS = (
    *(".azure", ".aws", ".ssh", ".gnupg", ".kube", ".docker", "gcloud"),
    *(".kaggle", ".huggingface", ".pulumi", ".secrets"),
)
_NO_SECRETS = (".env.example", ".env.sample", ".env.template", ".env.dist", "*.pub")


def _any(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(fnmatch.translate, patterns)), re.IGNORECASE)


_FILES, _FOLDERS, _PATTERNS = _any(_SECRET_FILES), _any(_SECRET_FOLDERS), _any(_NO_SECRETS)


@dataclass
class Ignored:
    """Whether a name below `root` stays behind. It is called for each name on the way down, folders with a '/' at their
    end, and collects in `secrets` the names that look like secrets. `.tfinfraignore` outranks all else: with `!` it
    takes a name back, also that of a secret."""

    root: Path
    secrets: list[str] = field(default_factory=list)
    _files: dict[str, GitIgnoreSpec | None] = field(default_factory=dict)

    def __call__(self, name: str) -> bool:
        last, folder = name.rstrip("/").rpartition("/")[2], name.endswith("/")
        if folder:
            secret = _FOLDERS.match(last) is not None
        else:
            secret = _FILES.match(last) is not None and _PATTERNS.match(last) is None
        own = self._decision(name, _OWN)
        decision = own or self._decision(name, _GIT)
        taken_back = own is not None and own.is_by_name and not own.ignores
        if secret and not taken_back and not (decision and decision.ignores):
            self.secrets.append(name)
            return True
        return decision is not None and decision.ignores

    def _decision(self, name: str, file: str) -> _Decision | None:
        """What the ignore files called `file` say of a name: the nearest folder that says anything decides."""
        for folder in PurePosixPath(name).parents:
            path = folder / file
            key = path.as_posix()
            if key not in self._files:
                lines = _lines(self.root / path, key)
                self._files[key] = _compiled(lines) if lines else None
            spec = self._files[key]
            below = name if folder == PurePosixPath() else name[len(folder.as_posix()) + 1 :]
            found = spec.check_file(below) if spec else None
            if spec and found and found.include is not None and found.index is not None:
                return _Decision(found.include, str(getattr(spec.patterns[found.index], "pattern", "")))
        return None


@dataclass(frozen=True)
class _Decision:
    ignores: bool
    pattern: str

    @property
    def is_by_name(self) -> bool:
        """Whether the pattern names something: `!*` takes no secret back."""
        return bool(self.pattern.strip("!/").rpartition("/")[2].strip("*?"))


def _lines(file: Path, name: str) -> list[str]:
    """The lines of an ignore file. As git does, no link is followed: what it leads to is no ignore file. Raises
    ManifestError for one that is too large."""
    try:
        status = file.lstat()
    except OSError:
        return []
    if not stat.S_ISREG(status.st_mode):
        return []
    if status.st_size > _MOST_BYTES:
        raise ManifestError(f"source_directory: '{name}' is larger than 1 MB", hint="it names files, one on a line")
    with os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as data:
        return data.read(_MOST_BYTES).decode("utf-8", "replace").splitlines()


_specs: dict[tuple[str, ...], GitIgnoreSpec] = {}


def _compiled(lines: Iterable[str]) -> GitIgnoreSpec:
    """The patterns that mean anything; git leaves others out without a word, too."""
    key = tuple(line for line in lines if len(line) <= _LONGEST)
    if key not in _specs:
        from pathspec import GitIgnoreSpec

        try:
            _specs[key] = GitIgnoreSpec.from_lines(key)
        except (ValueError, re.error):
            valid: list[str] = []
            for line in key:
                with suppress(ValueError, re.error):
                    GitIgnoreSpec.from_lines([line])
                    valid.append(line)
            _specs[key] = GitIgnoreSpec.from_lines(valid)
        for pattern in _specs[key].patterns:
            if pattern.regex is not None:
                pattern.regex = re.compile(straight(pattern.regex.pattern))
    return _specs[key]


_LONGEST = 4096  # no path is longer (PATH_MAX)
_STAR, _DEEP = "[^/]*", "(?:/.+)?/"  # as pathspec writes "*" and "/**/"


def straight(regex: str) -> str:
    """A pattern's expression that says the same and never goes back: with many stars, and a name that almost fits, one
    that does takes longer than the world has been. What stands between two stars may be taken where it fits first, the
    second star takes the rest; so may what stands between two "/**/". (Atomic groups, spelt as for Python 3.10.)"""
    number = count()

    def once(part: str) -> str:
        name = f"once{next(number)}"
        return f"(?=(?P<{name}>{part}))(?P={name})"

    def stars(part: str) -> str:
        first, *more = part.split(_STAR)
        middle = "".join(once(f"{_STAR}?{text}") for text in more[:-1])
        return first + middle + "".join(_STAR + text for text in more[-1:])

    first, *more = map(stars, regex.split(_DEEP))
    middle = "".join(once(f"(?:/.+?)??/{text}(?=/)") for text in more[:-1])
    return first + middle + "".join(_DEEP + text for text in more[-1:])
