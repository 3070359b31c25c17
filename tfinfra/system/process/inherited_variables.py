"""What processes of tfinfra's own inherit of the caller's environment, where they must not have all of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

# What a program needs to run at all, as glibc, Python, OpenSSL and their like read it, and tfinfra's own settings:
# not the tokens of its CI jobs, and not the passphrase of the key that signs evidence.
_PLAIN = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TZDIR|TMPDIR|TEMP|TMP|XDG_\w+|LOCPATH|LOCALE_ARCHIVE"
    r"|(LD|DYLD)_\w+|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|NODE_EXTRA_CA_CERTS"
    r"|(CUDA|NVIDIA)_VISIBLE_DEVICES|COVERAGE_\w+|TFINFRA_(?!CI_|AUDIT_PASSPHRASE$)\w+"
)
# A name that says what it is: of a cloud, a forge, a CI system or a service, or of a secret of anybody's.
_OF_OTHERS = re.compile(
    r"(AZURE|ARM|AWS|GOOGLE|GCP|GCLOUD|CLOUDSDK|OCI|ALICLOUD|ALIBABA|IBMCLOUD|DIGITALOCEAN|CLOUDFLARE|PULUMI|TF_VAR"
    r"|GITHUB|GH|GITLAB|GITEA|BITBUCKET|ACTIONS|SYSTEM|CI|BUILDKITE|CIRCLE|JENKINS|TRAVIS|KUBE|KUBERNETES|DOCKER|VAULT"
    r"|HF|HUGGINGFACE|WANDB|MLFLOW|OPENAI|ANTHROPIC|TWINE|SLACK|SENTRY|DATADOG|DD|SSH|GPG)_.*"
    r"|KUBECONFIG|DATABASE_URL|GNUPGHOME"
    r"|.*(TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|APIKEY|PRIVATE|WEBHOOK|COOKIE|SESSION|BEARER).*"
    r"|(.*_)?(KEY|KEYS|PASS|PWD|PW|PAT|AUTH|DSN|SAS|JWT)(_.*)?",
    re.IGNORECASE,
)
# What package indexes, their proxies and their certificates need.
_OF_INDEXES = re.compile(
    r"(PIP|UV(?!_PUBLISH)|RATTLER|CONDA|MAMBA|VSS_NUGET|ARTIFACTS_CREDENTIALPROVIDER)_.*|NETRC|KRB5\w*"
    r"|TFINFRA_(?!CI_|AUDIT_PASSPHRASE$).*|(HTTP|HTTPS|ALL|NO|FTP)_PROXY|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE"
    r"|CURL_CA_BUNDLE|PWD|OLDPWD|XDG_.*|DBUS_SESSION_BUS_ADDRESS",
    re.IGNORECASE,
)
_PASSWORD_IN_URL = re.compile(r"://[^/\s:@]*:[^/\s@]+@")


PASSPHRASE = "TFINFRA_AUDIT_PASSPHRASE"  # noqa: S105 - the name of a variable
"""Opens the key that signs evidence: a client's own, and of no process that it starts but a client that goes on."""


def without_passphrase(given: Mapping[str, str]) -> dict[str, str]:
    """All that a process of this client's own may have: the caller's credentials too, for it asks the cloud."""
    return {name: value for name, value in given.items() if name != PASSPHRASE}


def has_password(value: str) -> bool:
    """Whether it is a URL with a password in it."""
    return _PASSWORD_IN_URL.search(value) is not None


def plain_environment(given: Mapping[str, str]) -> dict[str, str]:
    """What a process may have that has no business with the caller's credentials: known names alone."""
    return {name: value for name, value in given.items() if _PLAIN.fullmatch(name)}


def package_environment(given: Mapping[str, str]) -> dict[str, str]:
    """What tools may have that fetch, and perhaps build, what others wrote: all but what looks like a credential by its
    name, or is a URL with a password. A compiler's settings have any name, so this is no list of known ones."""
    return {
        name: value
        for name, value in given.items()
        if _OF_INDEXES.fullmatch(name) or not (_OF_OTHERS.fullmatch(name) or has_password(value))
    }
