"""Which of tfinfra's two installations this is: the light one, which reads and compiles manifests, or the whole one,
which runs them too (the extra `run` of the package)."""

from __future__ import annotations

from importlib.util import find_spec

from tfinfra.errors import UsageError

RUN_PACKAGES = {
    "azure-identity": "azure.identity",
    "azure-mgmt-resource": "azure.mgmt.resource",
    "cryptography": "cryptography",
    "obstore": "obstore",
    "pulumi": "pulumi",
    "pulumi-azure-native": "pulumi_azure_native",
    "pyrage": "pyrage",
    "starlette": "starlette",
    "trustme": "trustme",
    "uv": "uv",
    "uvicorn": "uvicorn",
}
"""The packages of the extra `run`, each with a module of its own by which it is found."""

ADD_RUN = (
    "`pip install 'tfinfra[run]'` in this environment adds them, and what is installed of tfinfra stays;"
    " in any other, install `[run]` from where this one came: a wheel, a checkout or a Git URL"
)


def missing_run_packages() -> list[str]:
    """The packages of the extra `run` that are not here, by name; nothing in a whole installation."""
    return [package for package, module in RUN_PACKAGES.items() if not _is_here(module)]


def require_run_packages() -> None:
    """Raises UsageError where this is the light installation. A verb that needs more calls it first."""
    if missing := missing_run_packages():
        raise light_error(missing)


def light_error(missing: list[str]) -> UsageError:
    """What is wrong where these packages are missing, and the way out."""
    if len(missing) == len(RUN_PACKAGES):
        return UsageError("this needs tfinfra[run], and only the light install of tfinfra is here", ADD_RUN)
    return UsageError(f"this needs tfinfra[run], and of its packages these are missing: {', '.join(missing)}", ADD_RUN)


def _is_here(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # nor is the package that the module would be in
        return False
