"""Which rule a change breaks, by the type of the resource and the place in its document; the first that fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from tfinfra.auditing.live.comparison.same import Difference

CHANGED, ANEW = "TFA601", "TFA604"
OPEN_RULE, RULE = "TFA611", "TFA612"
_SETS, _ACCOUNTS = "microsoft.compute/virtualmachinescalesets", "microsoft.storage/storageaccounts"
_TIMER = "microsoft.logic/workflows"
_PROFILE = "properties/virtualmachineprofile"
_TABLE: tuple[tuple[str, str, str], ...] = (
    ("TFA651", "*", "tags/tfinfra-expires-at"),
    ("TFA652", "*", "tags/*"),
    ("TFA617", _SETS, "sku/capacity"),
    ("TFA618", _SETS, "sku/*"),
    ("TFA618", _SETS, f"{_PROFILE}/hardwareprofile*"),
    ("TFA619", _SETS, f"{_PROFILE}/storageprofile/imagereference*"),
    ("TFA614", _SETS, f"{_PROFILE}/extensionprofile*"),
    ("TFA613", "microsoft.compute/*", "*publicipaddressconfiguration*"),
    ("TFA613", "microsoft.network/natgateways", "properties/publicip*"),
    ("TFA613", "microsoft.network/publicipaddresses", "properties/ipaddress"),
    ("TFA621", "*", "identity*"),
    ("TFA631", _ACCOUNTS, "properties/allowsharedkeyaccess"),
    ("TFA631", _ACCOUNTS, "properties/allowblobpublicaccess"),
    ("TFA631", _ACCOUNTS, "properties/publicnetworkaccess"),
    ("TFA631", _ACCOUNTS, "properties/networkacls*"),
    ("TFA631", _ACCOUNTS, "properties/supportshttpstrafficonly"),
    ("TFA631", _ACCOUNTS, "properties/minimumtlsversion"),
    ("TFA631", _ACCOUNTS, "properties/is*enabled"),
    ("TFA631", f"{_ACCOUNTS}/*", "properties/publicaccess"),
    ("TFA641", _TIMER, "properties/state"),
    ("TFA642", _TIMER, "properties/*"),
    ("TFA622", "microsoft.authorization/roleassignments", "properties/*"),
)
_ANYBODY = frozenset({"*", "internet", "any", "0.0.0.0/0", "::/0"})


def rule_at(kind: str, one: Difference) -> str:
    """The code of the rule that a difference in a resource of this ARM type breaks."""
    place = "/".join(one.path).lower()
    if one.anew and "identity" not in place:
        return ANEW
    if kind.lower() == "microsoft.network/networksecuritygroups" and place.startswith("properties/securityrules"):
        return OPEN_RULE if _opens(one) else RULE
    for rule, types, places in _TABLE:
        if fnmatchcase(kind.lower(), types) and fnmatchcase(place, places):
            return rule
    return CHANGED


def _opens(one: Difference) -> bool:
    """Whether a security rule lets anybody in now, or an end of it became anybody: a rule that denies opens nothing."""
    if isinstance(one.now, Mapping):
        properties = one.now.get("properties")
        return isinstance(properties, Mapping) and is_open(properties)
    values = one.now if isinstance(one.now, list) else [one.now]
    name = one.path[-1].lower()
    if name == "access":
        return str(one.now).lower() == "allow"
    return "address" in name and any(str(value).lower() in _ANYBODY for value in values)


def is_open(rule: Mapping[str, Any]) -> bool:
    """Whether a security rule (its properties) allows what comes from anywhere."""
    allows = str(rule.get("access")).lower() == "allow" and str(rule.get("direction")).lower() == "inbound"
    return allows and any(str(source).lower() in _ANYBODY for source in _sources(rule))


def _sources(rule: Mapping[str, Any]) -> Iterator[Any]:
    for name in ("sourceAddressPrefix", "sourceAddressPrefixes"):
        value = rule.get(name)
        yield from value if isinstance(value, list) else (value,)
