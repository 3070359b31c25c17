"""Policy packs to try, as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

HEAD = "from pulumi_policy import *\n"
NO_PUBLIC_ADDRESS = """
def no_public_address(args, report):
    if args.resource_type == "azure-native:network:PublicIPAddress":
        report("no public IP addresses")
"""
TAGGED = """
def tagged(args, report):
    if args.resource_type == "azure-native:compute:VirtualMachineScaleSet":
        if "cost-center" not in args.props.get("tags", {}):
            report("it needs the tag cost-center")
"""
SIZES = """
def sizes(args, report):
    if args.resource_type == "azure-native:compute:VirtualMachineScaleSet":
        if args.props["sku"]["name"] not in ("Standard_D8s_v5",):
            report(f"size {args.props['sku']['name']} is not allowed")
"""
BEHIND_A_GATEWAY = """
def gateway(args, report):
    if args.resource_type == "azure-native:network:VirtualNetwork":
        if args.props["subnets"][0]["natGateway"]["id"].endswith("-nat"):
            report("the subnet goes out by itself")
"""
COUNTED = """
def counted(args, report):
    kinds = [r.resource_type for r in args.resources]
    report(f"{kinds.count('azure-native:authorization:RoleAssignment')} role assignments")
"""
REWRITES = """
def rewrites(args):
    if args.resource_type == "azure-native:storage:StorageAccount":
        return {**args.props, "minimumTlsVersion": "TLS1_3"}
"""
CRASHES = """
def crashes(args, report):
    if args.resource_type == "azure-native:network:NatGateway":
        1 / 0
"""


def resource_policy(function: str, level: str, kind: str = "validate") -> str:
    level = f"enforcement_level=EnforcementLevel.{level}"
    return f'ResourceValidationPolicy("{function}", "rule {function}", {kind}={function}, {level})'


def stack_policy(function: str, level: str) -> str:
    level = f"enforcement_level=EnforcementLevel.{level}"
    return f'StackValidationPolicy("{function}", "rule {function}", {function}, {level})'


def write_pack(
    folder: Path,
    functions: str = "",
    policies: Sequence[str] = (),
    *,
    text: str | None = None,
    project: str | None = None,
) -> Path:
    """A pack named "house" of these policies, or with this text as its program."""
    folder.mkdir(parents=True)
    made = f"{HEAD}{functions}\nPolicyPack('house', policies=[{', '.join(policies)}])\n"
    (folder / "PulumiPolicy.yaml").write_text(project or "runtime: python\nversion: 0.3.1\n", encoding="utf-8")
    (folder / "__main__.py").write_text(made if text is None else text, encoding="utf-8")
    return folder
