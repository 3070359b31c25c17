"""Names and secrets that nobody told beforehand, found in a report's text by their shape."""

from __future__ import annotations

import base64
import json
import time

import pytest

from tfinfra.machine.report.anonymous import Names

ID = "/subscriptions/11111111-2222-4333-8444-555555555555"
SECRET = "zorkZORK"
SECRETS = {
    "a password in JSON": f'{{"password": "{SECRET}", "accountKey":"{SECRET}"}}',
    "JSON within JSON": json.dumps({"said": json.dumps({"client_secret": SECRET, "access_token": f"{SECRET} x"})}),
    "YAML": f"password: {SECRET}",
    "a variable": f"WANDB_API_KEY={SECRET}123 python train.py",
    "a connection string of Service Bus": f"Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey={SECRET}=",
    "one of SQL": f"Server=tcp:x;Pwd={SECRET};Encrypt=1",
    "basic authorization": f"Authorization: Basic {base64.b64encode(SECRET.encode()).decode()}",
    "a token as the user of a URL": f"https://{SECRET}@dev.azure.com/a/b",
    "a token over several lines": f"eyJhbGciOiJSUzI1NiIs\nInR5cCI6IkpX.eyJvaWQiOi\nLCJ4IjoxfQ.{SECRET}_abcdefghij",
    "a token's middle alone": f"claims eyJ{SECRET}IiwiYSI6MX0",
    "a token of GitHub": f"cloning with ghp_{SECRET}abcdefghijklmnopqrstuvwx failed",
    "one of Hugging Face": f"hf_{SECRET}abcdefghijklmnopqrs",
    "an access key of AWS": "AKIAIOSFODNNZORKZORK",
    "a client secret of Entra": f"abc8Q~{SECRET}abcdefghijklmnopqrstuvwx.",
    "a storage key": "x" + " " + (SECRET * 11)[:86] + "==",
    "an OpenSSH key": f"-----BEGIN OPENSSH PRIVATE KEY-----\\n{SECRET}\\n",
}
NAMES = {
    "a share of Windows": r"copied \\zork-server\share$\zork\data.csv to x",
    "a path of Windows": r"at C:\Projects\zork\train.py line 3, D:/zork/x",
    "a folder of a user": "/home/ada/zork/train.py",
    "a folder of a user of Windows": r"C:\Users\ada\zork\x",
    "a quoted path": "'/mnt/my zork/data'",
    "a temporary folder": "/tmp/zork/x",
    "a file URL": "file:///mnt/zork/x",
    "a host": "could not resolve host build7.corp.zork.com",
    "a URL": "https://intranet.zork.org/zork/bar",
    "a repository": "git@github.com:zork/zork.git, https://github.com/zork/zork.git, ssh://git@gitlab.zork.com:22/zork/x.git",
    "a proxy": "http://ada:x@proxy.zork.com:3128",
    "mail with a quoted name": '"ada zork"@example.com',
    "mail without a domain": "zork@zork-host:~$",
    "a person beside the address": "by Ada Zork <ada@example.com>",
    "mail in a query": "?u=ada%40zork.com",
    "a tenant's domain": "login.microsoftonline.com/zork.onmicrosoft.com/oauth2",
    "a vault": "https://zork-kv.vault.azure.net/secrets/zork/abc",
    "a registry": "zorkreg.azurecr.io/img:1",
    "a bus": "sb://zorkns.servicebus.windows.net/",
    "blobs": "https://acct1.blob.core.windows.net/zork/zork/path and abfss://zork@acct.dfs.core.windows.net/zork",
    "a subscription's name": "The subscription 'Contoso Zork Prod' is disabled",
    "a group in a sentence": "Resource group 'zork-rg' could not be found. resource group: zork-rg",
    "a resource in a sentence": "The Resource 'Microsoft.Network/virtualNetworks/zork' under resource group 'zork'",
    "a machine in a sentence": "VM 'zorkvm' failed",
    "a policy": json.dumps({"policyAssignment": {"name": "Zork Policy"}, "policyDefinitionDisplayName": "Zork"}),
    "a gallery": "galleries/zork/images/zork",
    "an account in a connection string": "AccountName=zork;AccountKey=x;User ID=zork",
}
ADDRESSES = {
    "IPv6": "connect to [2001:db8::17]:443",
    "IPv6 on a link": "fe80::1c2b:3ff:fe4d:5e6f%eth0",
    "IPv6 at its end": "fd00:1234::",
    "IPv4 in IPv6": "::ffff:10.20.30.40",
    "a network card": "00:0d:3a:1b:2c:3d",
    "a telephone": "call +49 170 1234567",
}
KEPT = {
    "times": "2026-11-29T15:05:04Z ERROR 15:05:04.123 +00:00",
    "a method": "std::vector ::1 127.0.0.1 0.0.0.0",
    "Azure's own hosts": "https://management.azure.com, login.microsoftonline.com, pypi.org, learn.microsoft.com",
    "files and modules": "train.py run.json azure.core.exceptions tfinfra.agent Microsoft.Compute/disks/write",
    "sizes and images": "the image microsoft-dsvm:ubuntu-hpc:2404:24.04.2026052601 for 'Standard_D2s_v5' in 'eastus'",
    "the system's folders": "/usr/lib/python3.12/x.py /var/lib/tfinfra/cache /tmp/tfinfra-x/y",
    "prose": "the authorization of this token: it has no secret for the group that is there; resource group is gone",
}


def without(text: str) -> str:
    names = Names()
    names.learn(text)
    return names.without(text)


@pytest.mark.parametrize("case", SECRETS)
def test_a_secret_is_masked(case: str) -> None:
    told = without(SECRETS[case])
    assert SECRET.lower() not in told.lower()
    assert "***" in told


@pytest.mark.parametrize("case", NAMES)
def test_a_name_is_replaced(case: str) -> None:
    assert "zork" not in without(NAMES[case]).lower()


@pytest.mark.parametrize("case", ADDRESSES)
def test_an_address_is_replaced(case: str) -> None:
    told = without(ADDRESSES[case])
    assert any(f"{kind}-1" in told for kind in ("ip", "mac", "phone"))
    assert not any(part in told for part in ("2001", "fe80", "fd00", "10.20", "3a:1b", "1234567"))


@pytest.mark.parametrize("case", KEPT)
def test_what_a_maintainer_reads_stays(case: str) -> None:
    assert without(KEPT[case]) == KEPT[case]


def test_a_document_stays_one() -> None:
    """Names end where their strings end."""
    document = {
        "text": ["VirtualNetwork vnet", "UserAssignedIdentity timer-identity", "--subscription", "a\\share\\"],
        "said": 'resource group: "g"; \\\\host\\share\\x', "code": "C:\\x\\", "password": "", "token": 'a"b',
    }  # fmt: skip
    told = json.loads(without(json.dumps(document, indent=1)))
    assert list(told) == list(document)
    assert told["text"][:3] == document["text"][:3]


def test_the_same_name_by_two_shapes_is_one_word() -> None:
    names = Names()
    text = f"Resource group 'zork-rg' of {ID}/resourceGroups/zork-rg/x; zorkdata.blob.core.windows.net and ZorkData"
    names.learn(text)
    told = names.without(text)
    assert told.count("group-1") == 2
    assert told.count("storage-1") == 2


@pytest.mark.parametrize("part", ["ab.cd.", "a", "a@", "A b C d ", "\\", "eyJa.b", "1:2:", "%41", "~a", "0:"])
def test_a_long_line_takes_no_longer_than_its_length(part: str) -> None:
    began = time.monotonic()
    without(part * (60_000 // len(part)))
    assert time.monotonic() - began < 20
