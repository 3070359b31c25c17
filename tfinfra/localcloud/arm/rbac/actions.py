"""The actions that Azure's providers have, as far as they are listed here: those of the types that runs and their
callers name, and of their namespaces the names of all other types. Each action of the built-in roles that is of them
is among them, but for one pattern.

Source: learn.microsoft.com/azure/role-based-access-control/permissions, a page for each category (compute, identity,
integration, management-and-governance, networking, storage). It leaves out what reads, writes and deletes NAT
gateways, which roles in use have (gardener/gardener-extension-provider-azure, docs/usage/azure-permissions.md).
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache

# A namespace, then its types: those with verbs, in which "link" is link/action and "*" whatever lies below. Those of
# Microsoft.Network are far from all.
_LISTED = """
Microsoft.Authorization
    locks permissions roleAssignments roleDefinitions: read
    locks roleAssignments roleDefinitions: write delete
    elevateAccess classicAdministrators denyAssignments diagnosticSettings diagnosticSettingsCategories operations: *
    policies policyAssignments policyDefinitions policyExemptions policySetDefinitions providerOperations: *
    roleAssignmentScheduleInstances roleAssignmentScheduleRequests roleAssignmentSchedules: *
    roleEligibilityScheduleInstances roleEligibilityScheduleRequests roleEligibilitySchedules: *
    roleManagementPolicies roleManagementPolicyAssignments checkAccess policyEnrollments: *
Microsoft.Compute
    register unregister: action
    capacityReservationGroups: read write delete deploy share
    capacityReservationGroups/capacityReservations: read write delete
    galleries: read write delete share
    galleries/applications galleries/applications/versions galleries/images galleries/images/versions: read write delete
    galleries/serviceArtifacts images proximityPlacementGroups: read write delete
    locations/operations locations/usages locations/vmSizes locations/publishers operations skus: read
    locations/publishers/artifacttypes/offers locations/publishers/artifacttypes/offers/skus: read
    locations/publishers/artifacttypes/offers/skus/versions locations/publishers/artifacttypes/types: read
    locations/publishers/artifacttypes/types/versions locations/runCommands locations/vsmOperations: read
    locations/capsOperations locations/cloudServiceOsFamilies locations/cloudServiceOsVersions: read
    locations/diskOperations locations/diagnosticOperations: read
    locations/communityGalleries locations/diagnostics locations/edgeZones locations/logAnalytics: *
    locations/privateEndpointConnectionProxyAzureAsyncOperation locations/sharedGalleries locations/placementScores: *
    locations/privateEndpointConnectionProxyOperationResults: *
    virtualMachineScaleSets: read write delete start powerOff reapply restart deallocate manualUpgrade reimage scale
    virtualMachineScaleSets: delete/action reimageAll approveRollingUpgrade redeploy performMaintenance
    virtualMachineScaleSets: forceRecoveryServiceFabricPlatformUpdateDomainWalk osRollingUpgrade rollingUpgrades
    virtualMachineScaleSets: setOrchestrationServiceState disks/beginGetAccess
    virtualMachineScaleSets/extensions: read write delete
    virtualMachineScaleSets/extensions/roles: read write
    virtualMachineScaleSets/instanceView virtualMachineScaleSets/networkInterfaces virtualMachineScaleSets/skus: read
    virtualMachineScaleSets/osUpgradeHistory virtualMachineScaleSets/publicIPAddresses: read
    virtualMachineScaleSets/rollingUpgrades virtualMachineScaleSets/vmSizes: read
    virtualMachineScaleSets/providers: *
    virtualMachineScaleSets/virtualMachines: read write delete start powerOff restart deallocate reimage reimageAll
    virtualMachineScaleSets/virtualMachines: approveRollingUpgrade redeploy retrieveBootDiagnosticsData
    virtualMachineScaleSets/virtualMachines: performMaintenance runCommand simulateEviction
    virtualMachineScaleSets/virtualMachines/extensions: read write delete
    virtualMachineScaleSets/virtualMachines/runCommands: read write delete
    virtualMachineScaleSets/virtualMachines/instanceView: read
    virtualMachineScaleSets/virtualMachines/DiagnosticRunCommands: read write delete
    virtualMachineScaleSets/virtualMachines/networkInterfaces virtualMachineScaleSets/virtualMachines/providers: *
    virtualMachines: read write delete start powerOff reapply redeploy restart retrieveBootDiagnosticsData deallocate
    virtualMachines: generalize capture runCommand convertToManagedDisks performMaintenance reimage installPatches
    virtualMachines: assessPatches cancelPatchInstallation simulateEviction osUpgradeInternal rollbackOSDisk
    virtualMachines: deletePreservedOSDisk upgradeVMAgent
    virtualMachines/extensions virtualMachines/runCommands virtualMachines/DiagnosticRunCommands: read write delete
    virtualMachines/instanceView virtualMachines/vmSizes: read
    virtualMachines/patchAssessmentResults virtualMachines/patchInstallationResults virtualMachines/providers: *
    availabilitySets cloudServices diskAccesses diskEncryptionSets disks hostGroups restorePointCollections: *
    sharedVMExtensions sharedVMImages snapshots sshPublicKeys: *
Microsoft.Logic
    register: action
    workflows: read write delete run disable enable suspend validate move clone validateclone listSwagger
    workflows: regenerateAccessKey listCallbackUrl
    workflows/runs workflows/triggers workflows/accessKeys workflows/versions workflows/detectors: *
    workflows/providers businessprocesses integrationAccounts integrationServiceEnvironments locations: *
    operations templates: *
Microsoft.ManagedIdentity
    register: action
    identities operations: read
    userAssignedIdentities: read write delete assign listAssociatedResources revokeTokens
    userAssignedIdentities/federatedIdentityCredentials: read write delete
Microsoft.Network
    register unregister: action
    applicationSecurityGroups: read write delete joinIpConfiguration joinNetworkSecurityRule listIpConfigurations
    locations/applicationGatewayWafDynamicManifests locations/autoApprovedPrivateLinkServices: read
    locations/applicationGatewayWafDynamicManifests/default locations/availableDelegations: read
    locations/availablePrivateEndpointTypes locations/availableServiceAliases locations/checkDnsNameAvailability: read
    locations/dnsResolverOperationResults locations/dnsResolverOperationStatuses locations/getPacketTagging: read
    locations/operationResults locations/operations locations/perimeterAssociableResourceTypes: read
    locations/serviceTagDetails locations/serviceTags locations/setAzureNetworkManagerConfiguration: read
    locations/supportedVirtualMachineSizes locations/usages locations/virtualNetworkAvailableEndpointServices: read
    locations/*: action
    locations/privateLinkServices: *
    natGateways: read write delete join
    networkInterfaces: read write delete join effectiveRouteTable effectiveNetworkSecurityGroups rnmEffectiveRouteTable
    networkInterfaces: rnmEffectiveNetworkSecurityGroups UpdateParentNicAttachmentOnElasticNic
    natGateways/providers: *
    networkSecurityGroups: read write delete join
    networkSecurityGroups/securityRules: read write delete
    networkSecurityGroups/defaultSecurityRules: read
    networkSecurityGroups/providers: *
    privateDnsOperationResults privateDnsOperationStatuses: read
    privateDnsZones: read write delete join
    privateDnsZones/virtualNetworkLinks privateDnsZones/A privateDnsZones/AAAA privateDnsZones/CNAME: read write delete
    privateDnsZones/MX privateDnsZones/PTR privateDnsZones/SRV privateDnsZones/TXT: read write delete
    privateDnsZones/SOA: read write
    privateDnsZones/ALL privateDnsZones/recordsets: read
    privateDnsZones/providers: *
    privateEndpoints: read write delete pushPropertiesToResource
    privateEndpoints/privateDnsZoneGroups privateEndpoints/privateLinkServiceProxies: read write delete
    privateEndpoints/providers: *
    publicIPAddresses: read write delete join ddosProtectionStatus
    publicIPAddresses/dnsAliases: read write delete
    publicIPAddresses/providers: *
    virtualNetworks: read write delete joinLoadBalancer peer join BastionHosts ddosProtectionStatus
    virtualNetworks: rnmEffectiveRouteTable rnmEffectiveNetworkSecurityGroups listDnsResolvers listDnsForwardingRulesets
    virtualNetworks: listNetworkManagerEffectiveConnectivityConfigurations bastionHosts/default
    virtualNetworks: listNetworkManagerEffectiveSecurityAdminRules
    virtualNetworks/listNetworkManagerEffectiveConnectivityConfigurations: read
    virtualNetworks/listNetworkManagerEffectiveSecurityAdminRules virtualNetworks/checkIpAddressAvailability: read
    virtualNetworks/privateDnsZoneLinks virtualNetworks/usages virtualNetworks/virtualMachines: read
    virtualNetworks/customViews virtualNetworks/providers virtualNetworks/remoteVirtualNetworkPeeringProxies: *
    virtualNetworks/taggedTrafficConsumers: *
    virtualNetworks/virtualNetworkPeerings: read write delete
    virtualNetworks/subnets: read write delete joinLoadBalancer join joinViaServiceEndpoint prepareNetworkPolicies
    virtualNetworks/subnets: unprepareNetworkPolicies
    virtualNetworks/subnets/contextualServiceEndpointPolicies virtualNetworks/subnets/resourceNavigationLinks: *
    virtualNetworks/subnets/serviceAssociationLinks virtualNetworks/subnets/virtualMachines: *
Microsoft.Resources
    calculateTemplateHash checkResourceName checkZonePeers: action
    changes checkPolicyCompliance providers resources subscriptionRegistrations tenants: read
    deployments: read write delete cancel validate whatIf exportTemplate
    deployments/operations deployments/operationstatuses: read
    subscriptions subscriptions/locations subscriptions/operationresults subscriptions/providers: read
    subscriptions/resources subscriptions/resourceGroups/resources: read
    subscriptions/resourceGroups: read write delete moveResources validateMoveResources
    subscriptions/resourceGroups/deployments: read write
    subscriptions/resourceGroups/deployments/operations subscriptions/resourceGroups/deployments/operationstatuses: read
    subscriptions/tagNames subscriptions/tagNames/tagValues tags: read write delete
    dataBoundaries deploymentScripts deploymentStacks deploymentStacksWhatIfResults links locations marketplace: *
    moboBrokers templateSpecs: *
Microsoft.Storage
    register unregister: action
    checknameavailability deletedAccounts operations resilienciesProgressions skus: read
    locations: deleteVirtualNetworkOrSubnets notifyNetworkSecurityPerimeterUpdatesAvailable previewActions
    locations/ActionsRPOperationStatuses locations/DataManagementRPOperationStatuses: read write
    locations/checknameavailability locations/usages: read
    storageAccounts: read write delete updateAutoRotateUserKeys updateAccountContainerHoldingPeriod failover listkeys
    storageAccounts: updateInternalProperties consumerDataShare hnsonmigration networkSecurityPerimeterConfigurations
    storageAccounts: restoreBlobRanges PrivateEndpointConnectionsApproval regeneratekey rotateKey joinPerimeter
    storageAccounts: revokeUserDelegationKeys listAccountSas listServiceSas
    storageAccounts/blobServices: read write generateUserDelegationKey getInfo
    storageAccounts/blobServices/containers: read write delete migrate setAcl getAcl lease clearLegalHold setLegalHold
    storageAccounts/blobServices/containers/immutabilityPolicies: read write delete extend lock
    storageAccounts/blobServices/providers storageAccounts/fileServices/providers: *
    storageAccounts/fileServices: read write generateUserDelegationKey
    storageAccounts/fileServices/shares: read write delete lease restore revert
    storageAccounts/fileServices/usages: read
    storageAccounts/accountLocks storageAccounts/accountMigrations storageAccounts/advancedPlatformMetrics: *
    storageAccounts/connectors storageAccounts/consumerDataSharePolicies storageAccounts/dataSharePolicies: *
    storageAccounts/dataShares storageAccounts/encryptionScopes storageAccounts/hoboConfigurations: *
    storageAccounts/inventoryPolicies storageAccounts/localUsers storageAccounts/managementPolicies: *
    storageAccounts/n* storageAccounts/o* storageAccounts/p* storageAccounts/q* storageAccounts/r*: *
    storageAccounts/s* storageAccounts/t*: *
"""
_PARTLY = "microsoft.network"
_VERBS = ("read", "write", "delete", "action", "*")


def is_known(action: str) -> bool | None:
    """Whether a provider has the action, or one that the pattern ("Microsoft.X/y/*") matches; None where the list here
    does not say."""
    action = action.lower()
    namespace, _, rest = action.partition("/")
    listed = _listed().get(namespace)
    if listed is None:
        return None
    if any(fnmatchcase(one, rest) or fnmatchcase(rest, one) for one in listed):
        return True
    kind = rest.partition("/")[0]
    if namespace == _PARTLY and not any(one.partition("/")[0] == kind for one in listed):
        return None
    return False


@cache
def _listed() -> dict[str, list[str]]:
    """The actions without their namespace, by namespace, in lower case."""
    found: dict[str, list[str]] = {}
    actions: list[str] = []
    for line in _LISTED.lower().strip().splitlines():
        if not line.startswith(" "):
            actions = found.setdefault(line, [])
            continue
        types, _, verbs = line.partition(":")
        for verb in verbs.split():
            ending = verb if verb.rpartition("/")[2] in _VERBS else f"{verb}/action"
            actions += [f"{type_}/{ending}" for type_ in types.split()]
    return found
