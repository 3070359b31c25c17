"""Package indexes by alias: a lock names no host, so that it holds behind a mirror too. The user's configuration says
which URL an alias has; `pypi` is the index that pip and uv ask anyway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tfinfra.locking.document import LockedIndexes
from tfinfra.model import PYPI, PackageSources

DEFAULT = "pypi"
FILE = "indexes.yaml"
"""In the user's configuration folder: {alias: URL}."""


class NoAlias(ValueError):
    """A URL that has no alias."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


class UnknownAlias(ValueError):
    """An alias that has no URL."""

    def __init__(self, alias: str) -> None:
        super().__init__(alias)
        self.alias = alias


@dataclass(frozen=True)
class Aliases:
    """{alias: URL}, as configured; `default` is the URL of the index that is asked where a target names none."""

    urls: Mapping[str, str] = field(default_factory=dict)
    default: str = PYPI

    def alias(self, url: str) -> str:
        """Raises NoAlias."""
        known = {bare(of): name for name, of in reversed([*self.urls.items()])}
        if found := known.get(bare(url)):
            return found
        if bare(url) in (bare(PYPI), bare(self.default)):
            return DEFAULT
        raise NoAlias(url)

    def url(self, alias: str) -> str | None:
        """None for the index that is asked anyway. Raises UnknownAlias."""
        if alias in self.urls:
            return self.urls[alias]
        if alias == DEFAULT:
            return None
        raise UnknownAlias(alias)


def aliased(sources: PackageSources, aliases: Aliases) -> LockedIndexes:
    """Where packages come from, without any host. Raises NoAlias."""
    return LockedIndexes(
        index=aliases.alias(sources.index_url or aliases.default),
        extra=tuple(map(aliases.alias, sources.extra_index_urls)),
        find_links=tuple(map(aliases.alias, sources.find_links)),
    )


def sources_of(indexes: LockedIndexes, aliases: Aliases) -> PackageSources:
    """The same with URLs again. Raises UnknownAlias."""
    return PackageSources(
        index_url=aliases.url(indexes.index),
        extra_index_urls=tuple(aliases.url(alias) or aliases.default for alias in indexes.extra),
        find_links=tuple(aliases.url(alias) or aliases.default for alias in indexes.find_links),
    )


def bare(url: str) -> str:
    """The URL without who asks, and without the '/' at its end."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}".rstrip("/")
