"""What the local ARM refuses beyond the shape of a body, each with the source of its words and status: pages of
learn.microsoft.com (without its name), or threads of GitHub as owner/repository#number. A test provokes each one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """ARM's answer and its public source."""

    status: int
    code: str
    source: str


_MANAGEMENT = "azure/azure-resource-manager/management"
_TROUBLE = "azure/azure-resource-manager/troubleshooting"
_THROTTLED = f"{_MANAGEMENT}/request-limits-and-throttling"
_COMPUTE = "azure/virtual-machines/compute-throttling-limits"  # and the words, …/troubleshooting-throttling-errors
_NAMES = f"{_TROUBLE}/error-storage-account-name"

REFUSALS: dict[str, Refusal] = {
    # the caller
    "no token": Refusal(401, "AuthenticationFailed", "hashicorp/terraform-provider-azurerm#3612"),
    "a token that is none": Refusal(401, "InvalidAuthenticationToken", "Azure/azure-powershell#27882"),
    "an expired token": Refusal(401, "ExpiredAuthenticationToken", "microsoft/PlanetaryComputer#343"),
    "a token for somebody else": Refusal(
        401, "InvalidAuthenticationTokenAudience", "JetBrains/azure-tools-for-intellij#16"
    ),
    "a token of another tenant": Refusal(401, "InvalidAuthenticationTokenTenant", "Azure/LogicAppsUX#9068"),
    # where
    "an unknown subscription": Refusal(404, "SubscriptionNotFound", "Azure/azure-cli#33657"),
    "a write in a disabled subscription": Refusal(
        409, "ReadOnlyDisabledSubscription", "microsoft/vscode-azureappservice#912"
    ),
    "a provider that is not registered": Refusal(409, "MissingSubscriptionRegistration", "nforgeio/neonKUBE#1670"),
    "a namespace that there is not": Refusal(404, "InvalidResourceNamespace", "Azure/aci-connector-k8s#13"),
    "a type that there is not": Refusal(404, "InvalidResourceType", "Azure/azure-sdk-for-net#2366"),
    "no API version": Refusal(400, "MissingApiVersionParameter", "cloudquery/cloudquery#6626"),
    "an API version that is none": Refusal(400, "InvalidApiVersionParameter", "ansible-collections/azure#188"),
    "an API version that a type has not": Refusal(400, "NoRegisteredProviderFound", "Azure/azure-cli#28496"),
    "a write without a location": Refusal(400, "LocationRequired", f"{_TROUBLE}/common-deployment-errors"),
    "a group where there is no region": Refusal(
        400, "LocationNotAvailableForResourceGroup", "cloud-barista/cb-spider#527"
    ),
    "a resource where there is no region": Refusal(
        400, "LocationNotAvailableForResourceType", "Azure/Azure-Landing-Zones#2199"
    ),
    "a group with a name that none may have": Refusal(400, "InvalidResourceGroup", "Azure/azure-cli#14481"),
    "a group that is elsewhere": Refusal(409, "InvalidResourceGroupLocation", "Azure/azure-cli#22242"),
    "a resource that is elsewhere": Refusal(409, "InvalidResourceLocation", "Azure/azure-service-operator#784"),
    # what is not there
    "a group that is not there": Refusal(404, "ResourceGroupNotFound", "Azure/azure-powershell#12168"),
    "a resource that is not there": Refusal(404, "ResourceNotFound", "Azure/azure-powershell#4084"),
    "a container that is not there": Refusal(404, "ContainerNotFound", "Azure/azure-cli#10315"),
    "a share that is not there": Refusal(404, "ShareNotFound", "rest/api/storageservices/file-service-error-codes"),
    "a subnet that is not there": Refusal(404, "NotFound", "MSOpenTech/azure-xplat-cli#447"),
    "a nested resource of nothing": Refusal(404, "ParentResourceNotFound", f"{_TROUBLE}/error-parent-resource"),
    # conflicts
    "a write into a group that is going": Refusal(409, "ResourceGroupBeingDeleted", "Azure/azure-cli#28679"),
    "the deletion of what is locked": Refusal(409, "ScopeLocked", "Azure/azure-sdk-for-java#2560"),
    "a write to what is read-only": Refusal(409, "ScopeLocked", f"{_MANAGEMENT}/lock-resources"),
    "what a policy denies": Refusal(
        403, "RequestDisallowedByPolicy", f"{_TROUBLE}/error-policy-requestdisallowedbypolicy"
    ),
    "a storage name that others have": Refusal(409, "StorageAccountAlreadyTaken", "hashicorp/terraform#11485"),
    "a storage name of another group": Refusal(409, "StorageAccountInAnotherResourceGroup", _NAMES),
    "more tags than a group holds": Refusal(400, "TooManyTags", f"{_MANAGEMENT}/tag-resources, for the limit alone"),
    "a subnet outside its network": Refusal(400, "NetcfgSubnetRangeOutsideVnet", "MicrosoftDocs/azure-docs#123869"),
    "a subnet in the place of another": Refusal(400, "NetcfgSubnetRangesOverlap", "MicrosoftDocs/azure-docs#123869"),
    # rights: whom, which role, and what a caller's own role lets it do
    "a principal that is not there": Refusal(400, "PrincipalNotFound", "Azure/avdaccelerator#76"),
    "a principal of another type": Refusal(400, "UnmatchedPrincipalType", "Azure/modern-web-app-pattern-dotnet#129"),
    "an assignment that there is": Refusal(409, "RoleAssignmentExists", "hashicorp/terraform-provider-azurerm#12079"),
    "an assignment that becomes another": Refusal(
        400, "RoleAssignmentUpdateNotPermitted", "Azure-Samples/graphrag-accelerator#168"
    ),
    "an assignment that is not there": Refusal(
        404, "RoleAssignmentNotFound", "hashicorp/terraform-provider-azurerm#12074"
    ),
    "more assignments than a subscription holds": Refusal(
        400, "RoleAssignmentLimitExceeded", "azure/role-based-access-control/troubleshoot-limits"
    ),
    "a condition that is not met": Refusal(403, "AuthorizationFailed", "microsoft/AzureTRE#4278"),
    "the use of what the caller may not use": Refusal(
        403, "LinkedAuthorizationFailed", "MicrosoftDocs/azure-docs#96892; Azure/aad-pod-identity#339"
    ),
    "a role's name that the tenant has": Refusal(
        409, "RoleDefinitionWithSameNameExists", "Azure/Azure-Landing-Zones#1505"
    ),
    "a role with an action that there is not": Refusal(
        400, "InvalidActionOrNotAction", "MicrosoftDocs/azure-docs#102571; LeanerCloud/CUDly#1794"
    ),
    "a role that is not there": Refusal(404, "RoleDefinitionDoesNotExist", "pumasecurity/serverless-prey#23"),
    "a role that is still assigned": Refusal(
        400, "RoleDefinitionHasAssignments", "azure/role-based-access-control/troubleshooting"
    ),
    "a look at an operation without the right": Refusal(403, "AuthorizationFailed", "MicrosoftDocs/azure-docs#111535"),
    "a run of a disabled workflow": Refusal(400, "WorkflowTriggerIsNotEnabled", "microsoft/coe-starter-kit#8684"),
    # templates
    "a template that names a resource twice": Refusal(
        400, "InvalidTemplate", "Azure-Samples/azure-search-openai-demo#1449"
    ),
    "a template with an unknown function": Refusal(400, "InvalidTemplate", "microsoft/vscode-azurearmtools#531"),
    "a template with no expression": Refusal(400, "InvalidTemplate", "Azure/azure-cli#14373"),
    "a resource of a template that the caller may not write": Refusal(
        403, "InvalidTemplateDeployment", "skypilot-org/skypilot#4519"
    ),
    "a deployment inside a template without the right to deploy": Refusal(
        403, "InvalidTemplateDeployment", "microsoft/metered-billing-accelerator#220"
    ),
    # how often
    "more reads than ARM takes": Refusal(429, "SubscriptionRequestsThrottled", f"Azure/apiops#612; {_THROTTLED}"),
    "more writes than ARM takes": Refusal(429, "SubscriptionRequestsThrottled", _THROTTLED),
    "more lists of machines than Compute takes": Refusal(429, "OperationNotAllowed", _COMPUTE),
    "more looks at a scale set than Compute takes": Refusal(429, "OperationNotAllowed", _COMPUTE),
    "more lists of accounts than Storage takes": Refusal(429, "TooManyRequests", f"{_THROTTLED}#storage-throttling"),
    "more writes than Network takes": Refusal(429, "TooManyRequests", f"{_THROTTLED}#network-throttling"),
}
