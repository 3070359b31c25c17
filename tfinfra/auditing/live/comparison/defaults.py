"""Values that Azure fills in where nobody has set anything, of properties by which nothing is opened or closed.

Source: the "default" of each property in learn.microsoft.com/azure/templates and in Azure/azure-rest-api-specs.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

_TABLE: tuple[tuple[str, Any], ...] = (
    ("*/privateendpointvnetpolicies", "Disabled"),
    ("*/privateendpointnetworkpolicies", "Disabled"),
    ("*/privatelinkservicenetworkpolicies", "Enabled"),
    ("*/idletimeoutinminutes", 4),
    ("*/publicipaddressversion", "IPv4"),
    ("*/privateipaddressversion", "IPv4"),
    ("*/ddossettings/protectionmode", "VirtualNetworkInherited"),
    ("sku/tier", "Standard"),
    ("sku/tier", "Regional"),
    ("*/auxiliarymode", "None"),
    ("*/auxiliarysku", "None"),
    ("*/linuxconfiguration/provisionvmagent", True),
    ("*/linuxconfiguration/patchsettings/patchmode", "ImageDefault"),
    ("*/linuxconfiguration/patchsettings/assessmentmode", "ImageDefault"),
    ("*/osprofile/allowextensionoperations", True),
    ("*/osprofile/requireguestprovisionsignal", True),
    ("*/osdisk/ostype", "Linux"),
    ("*/osdisk/disksizegb", 30),
    ("*/storageprofile/diskcontrollertype", "SCSI"),
    ("properties/upgradepolicy/mode", "Manual"),
    ("properties/scaleinpolicy/rules", ["Default"]),
    ("properties/orchestrationmode", "Uniform"),
    ("properties/singleplacementgroup", True),
    ("*/virtualmachineprofile/priority", "Regular"),
    ("properties/encryption/enforcement", "AllowUnencrypted"),
    ("properties/encryption/keysource", "Microsoft.Storage"),
    ("properties/encryption/services/*/enabled", True),
    ("properties/encryption/services/*/keytype", "Account"),
    ("properties/supportshttpstrafficonly", True),
    ("properties/networkacls/bypass", "AzureServices"),
    ("properties/accesstier", "Hot"),
    ("properties/accesstier", "Premium"),
    ("properties/accesstier", "TransactionOptimized"),
    ("properties/dnsendpointtype", "Standard"),
    ("properties/largefilesharesstate", "Enabled"),
    ("properties/registrationenabled", False),
    ("properties/defaultencryptionscope", "$account-encryption-key"),
)


def is_default(path: tuple[str, ...], value: Any) -> bool:
    """Whether `value`, or that nothing is there (an enumeration's member is no value of ARM's), is what Azure fills in
    at `path`."""
    where = "/".join(path).lower()
    for pattern, default in _TABLE:
        if fnmatchcase(where, pattern) and (_said(value) == _said(default) or not _is_said(value)):
            return True
    return False


def _is_said(value: Any) -> bool:
    return isinstance(value, (str, int, float, list, dict)) and not (isinstance(value, str) and not value)


def _said(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value
