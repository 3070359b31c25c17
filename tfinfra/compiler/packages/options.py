"""The options of a requirements file: what each means here, or what to write instead."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from tfinfra.compiler.packages.read_files import is_url
from tfinfra.compiler.packages.written import Written
from tfinfra.environment.requirements.requirement import BUILDS, OWN_PROJECT, normalised, shown
from tfinfra.errors import Severity
from tfinfra.model import PYPI, PackageSources
from tfinfra.text.credentials import PLAIN_INDEX

_BUILD_OPTIONS = ("--global-option", "--config-settings", "--install-option", "--build-option")
_OLD = ("--use-feature", "--process-dependency-links")


@dataclass(frozen=True)
class Finding:
    """What is said of a line."""

    code: str
    message: str
    hint: str | None
    severity: Severity = Severity.ERROR


def option_findings(one: Written, sources: PackageSources | None, builds: Collection[str]) -> Iterator[Finding]:
    """What is wrong with the options of one line, where packages come from `sources` (None: not known) and `builds` are
    built, by their normalised names. Those that keep their meaning say nothing: -r, -c, --pre, --hash,
    --only-binary and --prefer-binary, which hold for all packages anyway, and --require-hashes."""
    line = one.line
    yield from _nested(one)
    for path in line.given("--editable"):
        if not is_url(path):
            yield Finding("TFI318", f"{shown(line.text)} installs a project of this machine", OWN_PROJECT)
    yield from _indexes(one, sources)
    yield from _builds(one, builds)
    for option in (option for option in _OLD if line.given(option)):
        yield Finding("TFI331", f"{option} has no effect here", "remove it", Severity.NOTICE)
    for option in (option for option in ("--all-releases", "--only-final") if line.given(option)):
        hint = "write --pre, or a requirement that names a pre-release: name>=2.0rc1"
        yield Finding("TFI318", f"{option} has no meaning here", hint)


def _nested(one: Written) -> Iterator[Finding]:
    """Files that a line names and that cannot be followed."""
    names = (*one.line.given("--requirement"), *one.line.given("--constraint"))
    if names and not one.file and one.path.startswith("pip_packages"):
        hint = f"write `pip_requirements_file: {names[0]}`"
        yield Finding("TFI318", f"{shown(one.line.text)} names a file, not a package", hint)
    elif one.lost:
        reason, hint = one.lost
        yield Finding("TFI325", f"{shown(one.line.text)} cannot be followed: {reason}", hint)


def _indexes(one: Written, sources: PackageSources | None) -> Iterator[Finding]:
    """Where packages come from is the target's to say. What it says already may be repeated."""
    if sources is None:
        return
    line = one.line
    known = {
        "--index-url": (sources.index_url or PYPI,),
        "--extra-index-url": (PYPI, *sources.all_indexes),
        "--find-links": sources.find_links,
    }
    for option, same in known.items():
        for url in line.given(option):
            if url.rstrip("/") in [other.rstrip("/") for other in same]:
                continue
            message = f"{option}: where packages come from is the target's to say"
            hint = f"write it in the target: {_KEYS[option].format(_host(url))}"
            if not is_url(url) or url.lower().startswith("file:"):
                message, hint = f"{option} names a folder of this machine", _FOLDER
            yield Finding("TFI326", message, hint)
    for host in line.given("--trusted-host"):
        message = f"--trusted-host {host} has no effect here: certificates are checked"
        hint = "SSL_CERT_FILE in tfinfra's environment names a certificate authority of your own"
        yield Finding("TFI331", message, hint, Severity.NOTICE)
    if line.given("--no-index"):
        hint = "write the one index in the target: index_url"
        yield Finding("TFI326", "--no-index: where packages come from is the target's to say", hint)


def _host(url: str) -> str:
    """The URL, without a path that may hold a token."""
    if re.fullmatch(f"{PLAIN_INDEX}/?", url):
        return url
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/…"


_KEYS = {
    "--index-url": "index_url: {}",
    "--extra-index-url": "extra_index_urls: [{}]",
    "--find-links": "find_links: [{}]",
}
_FOLDER = "put the wheels on an index or a page, and its URL into the target: find_links: [https://…]"


def _builds(one: Written, builds: Collection[str]) -> Iterator[Finding]:
    """Packages are built where source_builds names them, and nowhere else."""
    line = one.line
    for option in (option for option in _BUILD_OPTIONS if line.given(option)):
        message = f"{shown(line.requirement or line.text)} has an option for its build, {option}"
        yield Finding("TFI318", message, "remove it: packages come as wheels, and a build has no options")
    wanted = {normalised(name) for value in line.given("--no-binary") for name in value.split(",")}
    for name in sorted(wanted.difference(builds)):
        if name == ":all:":
            hint = "name each of them: source_builds: [name]"
            yield Finding("TFI319", f"{shown(line.text)} builds every package from source", hint)
        elif name != ":none:":
            yield Finding("TFI319", f"{shown(line.text)} builds a package", f"source_builds: [{name}] {BUILDS}")
    wheels = {normalised(name) for value in line.given("--only-binary") for name in value.split(",")}
    for name in sorted(wheels.intersection(builds)):
        message = f"{shown(line.text)} wants a wheel of {name}, and source_builds builds it"
        yield Finding("TFI319", message, "keep one of the two")
