"""What is wrong with the request itself: the run ends, with an explanation."""

from __future__ import annotations

from tfinfra.azure.refusals import sources
from tfinfra.azure.refusals.refusal import Reaction, RefusalRule

_OTHER_IMAGE = "another image in compute_target; `az vm image list --all` says which versions there are"

WRONG = (
    RefusalRule(
        ("MaxPriceValueInvalid",),
        Reaction.EXPLAIN,
        "max_price must be more than 0",
        "a max_price in US dollars an hour and node, or none",
        sources.SPOT,
    ),
    RefusalRule(
        ("RequestDisallowedByPolicy",),
        Reaction.EXPLAIN,
        "a policy of the subscription forbids it",
        "the message names the policy: meet it, for instance by tags or location, or ask for an exemption",
        sources.POLICY,
    ),
    RefusalRule(
        ("UnmatchedPrincipalType",),
        Reaction.EXPLAIN,
        "a role is given to a principal of another kind than was said",
        "this is a fault of tfinfra: please report it; `identity_id` and `store` in the target need no grants",
        sources.WRONG_TYPE,
    ),
    RefusalRule(
        ("BadRequest",),
        Reaction.EXPLAIN,
        "the image boots machines of another security type only",
        _OTHER_IMAGE,
        sources.TRUSTED_IMAGE,
        r"image only supports creation of VMs .* security type|TrustedLaunch setting is not supported",
    ),
    RefusalRule(
        ("InvalidRequestFormat", "InvalidJsonReferenceFormat", "LinkedInvalidPropertyId", "InvalidTemplate"),
        Reaction.EXPLAIN,
        "Azure cannot read the request: an id in the target that is none, or a fault of tfinfra",
        "look at the ids in the target; else please report it, with what `tfinfra report-bundle` writes",
        sources.UNREADABLE,
    ),
    RefusalRule(
        ("VMExtensionProvisioningError", "VMExtensionHandlerNonTransientError", "VMExtensionProvisioningTimeout"),
        Reaction.EXPLAIN,
        "an extension of the nodes failed: tfinfra puts none on them, so a policy of the subscription did",
        "ask the owner of the policy to exempt the run's groups",
        sources.EXTENSION,
    ),
    RefusalRule(
        ("ImageNotFound", "PlatformImageNotFound"),
        Reaction.EXPLAIN,
        "the image is not there",
        _OTHER_IMAGE,
        f"{sources.ERRORS}; {sources.IMAGE}",
    ),
    RefusalRule(
        ("VMMarketplaceInvalidInput",),
        Reaction.EXPLAIN,
        "the image is sold under a plan, which tfinfra does not name",
        "an image without a plan",
        sources.VM_ERRORS,
    ),
    RefusalRule(
        ("InvalidParameter", "InvalidRequestContent", "BadRequest"),
        Reaction.EXPLAIN,
        "Azure does not take a value of the request",
        "the message names the value; `tfinfra plan` shows what is asked for",
        sources.ERRORS,
    ),
    RefusalRule(
        ("InvalidResourceReference", "ResourceNotFound", "NotFound", "ParentResourceNotFound"),
        Reaction.EXPLAIN,
        "something that the request names is not there",
        "the message names it: a subnet, an image or a reservation of yours?",
        sources.ERRORS,
    ),
    RefusalRule(
        ("SubnetIsFull",),
        Reaction.EXPLAIN,
        "the subnet has too few free addresses",
        "another subnet_id, or none: then the run has a network of its own",
        sources.ERRORS,
    ),
    RefusalRule(
        ("StorageAccountAlreadyTaken", "StorageAccountAlreadyExists", "StorageAccountInAnotherResourceGroup"),
        Reaction.EXPLAIN,
        "the name of the run's storage account is taken",
        "start it again: the name is made of the run's id, which is another then",
        sources.ERRORS,
    ),
    RefusalRule(
        ("ResourceGroupBeingDeleted", "ResourceGroupNotFound"),
        Reaction.EXPLAIN,
        "somebody has deleted the run's resource group, or is about to",
        "start it again, unless that was meant to end it",
        sources.ERRORS,
    ),
    RefusalRule(
        ("OSProvisioningTimedOut", "OSProvisioningClientError", "VMStartTimedOut"),
        Reaction.EXPLAIN,
        "a node's system did not come up",
        "start it again; an image of your own must be generalized, and hold cloud-init",
        sources.VM_ERRORS,
    ),
    RefusalRule(
        ("CertificateNotTrusted",),
        Reaction.EXPLAIN,
        "something between this machine and Azure has put its own certificate in",
        "add the proxy's certificate to this machine's, or name it in SSL_CERT_FILE",
        sources.CERTIFICATE,
    ),
    RefusalRule(
        ("OperationNotAllowed",),
        Reaction.EXPLAIN,
        "Azure does not do this with such a resource",
        "the message names what; `tfinfra plan` shows what is asked for",
        sources.ERRORS,
    ),
)
