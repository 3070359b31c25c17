"""A deploy folder's program, run inside this process as if it were alone: its `stacks` are its own, nothing is kept in
sys.modules for the next run, and no bytecode is written beside it."""

from __future__ import annotations

import importlib.util
import runpy
import sys
import threading
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

from tfinfra.engine.principal import check_principal
from tfinfra.engine.recording.sparse import make_sparse
from tfinfra.errors import CredentialsError

_PACKAGE = "stacks"
_ALONE = threading.Lock()
# What the programs make of azure-native
_BOTH = {"resources": ("ResourceGroup",), "authorization": ("RoleAssignment",)}
_MADE: dict[str, dict[str, tuple[str, ...]]] = {
    "keep": {
        **_BOTH,
        "storage": ("StorageAccount", "BlobServiceProperties", "BlobContainer", "FileShare"),
        "managedidentity": ("UserAssignedIdentity",),
        "logic": ("Workflow",),
    },
    "compute": {
        **_BOTH,
        "network": (
            *("VirtualNetwork", "NetworkSecurityGroup", "ApplicationSecurityGroup", "NatGateway", "PublicIPAddress"),
            *("PrivateEndpoint", "PrivateDnsZoneGroup"),
        ),
        "compute": ("VirtualMachineScaleSet", "ProximityPlacementGroup"),
        "privatedns": ("PrivateZone", "VirtualNetworkLink"),
    },
}


class Program:
    """A deploy folder's program as the Automation API takes it: called, it registers the stack's resources.

    Pulumi goes on with them after the call, and looks their modules up in sys.modules: `leave` puts those away, once
    the update has ended. `principal` is the object id that the provider must act as, "" for any: another one is
    `refused`, before the program does anything.
    """

    def __init__(self, folder: Path, principal: str = "") -> None:
        self.refused: CredentialsError | None = None
        self._folder = folder
        self._principal = principal
        self._others: dict[str, Any] | None = None

    def __call__(self) -> None:
        if self._principal:
            try:
                check_principal(self._principal)
            except CredentialsError as error:
                self.refused = error
                raise
        _strip_aliases()
        finder = _DeployFolderFinder(self._folder)
        with _ALONE:
            others = _forget()
            self._others = others if self._others is None else self._others
            sys.meta_path.insert(0, finder)
            try:
                runpy.run_path(str(self._folder / "__main__.py"), run_name="tfinfra_deploy")
            finally:
                sys.meta_path.remove(finder)

    def leave(self) -> None:
        """After it, everything is as before."""
        if self._others is not None:
            with _ALONE:
                _forget()
                sys.modules.update(self._others)
            self._others = None


def warm(part: str) -> None:
    """Imports what the program of `part` ("keep" or "compute") uses: a second of work that fits beside other waiting.
    Modules load lazily and not thread-safely, so a program runs only after its warm-up."""
    make_sparse(tuple(module for modules in _MADE.values() for module in modules))
    for module, names in _MADE[part].items():
        for name in names:
            getattr(import_module(f"pulumi_azure_native.{module}"), name)


def _strip_aliases() -> None:
    """azure-native names an alias for each API version of each resource: they cost most of the registration time and
    help only states that older SDKs wrote, which a run's fresh stack never is."""
    import pulumi

    def strip(arguments: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
        arguments.opts.aliases = []
        return pulumi.ResourceTransformationResult(arguments.props, arguments.opts)

    pulumi.runtime.register_stack_transformation(strip)


def _forget() -> dict[str, Any]:
    loaded = list(sys.modules)  # in one step: the other stack's warm-up may be importing
    names = [name for name in loaded if name == _PACKAGE or name.startswith(f"{_PACKAGE}.")]
    return {name: sys.modules.pop(name) for name in names}


class _Loader(SourceFileLoader):
    """Runs the file's text and nothing else: bytecode beside it may be of other code, in a folder that others write.
    And it leaves no __pycache__ in a folder that is compared byte by byte."""

    def get_code(self, fullname: str) -> CodeType:
        del fullname
        return self.source_to_code(self.get_data(self.path), self.path)


class _DeployFolderFinder(MetaPathFinder):
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        del path, target
        if fullname == _PACKAGE:
            return self._spec(fullname, self._folder / _PACKAGE / "__init__.py", package=True)
        if fullname.startswith(f"{_PACKAGE}."):
            return self._spec(fullname, self._folder / f"{fullname.replace('.', '/')}.py", package=False)
        return None

    @staticmethod
    def _spec(name: str, file: Path, *, package: bool) -> ModuleSpec | None:
        if not file.is_file():
            return None
        search = [str(file.parent)] if package else None
        return importlib.util.spec_from_file_location(
            name, file, loader=_Loader(name, str(file)), submodule_search_locations=search
        )
