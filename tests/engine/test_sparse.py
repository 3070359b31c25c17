"""azure-native's modules, imported in part: each name is the one that a whole import gives."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tfinfra.engine.recording.program import _MADE
from tfinfra.system.resources import resource_folder

MODULES = ("resources", "authorization", "storage", "managedidentity", "logic", "network", "compute", "privatedns")
_USED = re.compile(rf"\b({'|'.join(MODULES)})\.([A-Z]\w+)")
_CALLED = re.compile(_USED.pattern + r"\(")
# Of names that the programs do not use: a function of its own module, one that is both a resource's and an input's
MORE = {"network.get_subnet", "network.list_active_security_user_rules", "authorization.get_client_config"}
ASK = """\
import json, sys
from importlib import import_module
if sys.argv[1] == "sparse":
    from tfinfra.engine.recording.program import warm
    warm("keep"), warm("compute")
named = {}
for name in json.load(sys.stdin):
    module, _, attribute = name.partition(".")
    for _ in range(2):
        found = getattr(import_module(f"pulumi_azure_native.{module}"), attribute)
    named[name] = [found.__module__, found.__qualname__]
print(json.dumps([named, len(sys.modules)]))
"""


def names_of_the_stacks() -> set[str]:
    files = resource_folder("stacks").glob("*.py")
    return {".".join(found) for file in files for found in _USED.findall(Path(file).read_text())}


def asked(how: str, names: set[str]) -> tuple[dict[str, list[str]], int]:
    done = subprocess.run(
        [sys.executable, "-c", ASK, how], input=json.dumps(sorted(names)), capture_output=True, text=True, check=True
    )
    found, modules = json.loads(done.stdout)
    return found, modules


def test_what_the_programs_name_is_what_a_whole_import_gives() -> None:
    names = names_of_the_stacks() | MORE
    assert len(names) > 60
    (sparse, few), (whole, many) = asked("sparse", names), asked("whole", names)
    assert sparse == whole
    assert few < many - 300


def test_a_name_that_is_nowhere_brings_the_whole_module() -> None:
    program = """\
from tfinfra.engine.recording.program import warm
warm("keep")
import pulumi_azure_native.logic as logic
try:
    logic.Nothing
except AttributeError as error:
    print(error)
print(logic.IntegrationAccount.__module__, hasattr(logic, "outputs"))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "module 'pulumi_azure_native.logic' has no attribute 'Nothing'",
        "pulumi_azure_native.logic.integration_account True",
    ]


def test_what_the_programs_make_is_imported_before_they_run() -> None:
    files = resource_folder("stacks").glob("*.py")
    calls = {".".join(found) for file in files for found in _CALLED.findall(Path(file).read_text())}
    warmed = {f"{module}.{name}" for made in _MADE.values() for module, names in made.items() for name in names}
    assert {name for name in calls if not name.endswith("Args")} <= warmed
