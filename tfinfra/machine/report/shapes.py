"""The shapes of names in free text: of people, machines, places and what a subscription holds. Pure.

Each has its kind, what a line must hold (in lower case) for its pattern to be worth a search, () for nothing, and the
pattern, whose group `name` is what is replaced, by a word of its kind. The order counts: what an earlier shape has
replaced is a word of ours (`is_a_word`), which later ones leave alone and build on.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

_HEX = "[0-9a-fA-F]"
_PUBLIC_ADDRESSES = ("127.", "0.0.0.0", "169.254.169.254", "168.63.129.16")  # noqa: S104 - none is bound to
_SYSTEM = (
    r"(?:usr|etc|bin|sbin|lib|lib64|opt|var|tmp|dev|proc|sys|run|home|users|subscriptions|providers|resourceGroups)"
)
_GUID = rf"(?<!{_HEX}){_HEX}{{8}}-?{_HEX}{{4}}-?{_HEX}{{4}}-?{_HEX}{{4}}-?{_HEX}{{12}}(?!{_HEX})"
_PART = r"[^/\s\"',;?)]+"  # of a path in a sentence
_REST = r"[^\s\"'<>,;|\\?)]+"
_LEG = r"[^\s\"':,;<>|\\]+"  # of a path of Windows
_QUOTE = r"\\*[\"'‘’“”]"  # noqa: RUF001 - messages are written with these too
_ABOVE = (rf"/providers/[\w.]+(?:/[\w.-]+/{_PART}){{{depth}}}" for depth in range(3))
_NOUNS = (
    r"(?:subscription|tenant|directory|virtual machine(?: scale set)?|VM|virtual ?network|vnet|subnet"
    r"|network|gallery|image|(?:key ?)?vault|(?:storage )?account|container|share|identity|user|server|workspace"
    r"|app(?:lication)?|(?:service )?principal|deployment|policy(?: assignment| definition)?|assignment|initiative"
    r"|management group|lock|domain|host(?:name)?|cluster|registry|reservation(?: group)?|tag)"
)
_SERVICES = (
    r"(?:windows\.net|azure\.net|azurecr\.io|azure\.com|azurewebsites\.net|onmicrosoft\.com|sharepoint\.com|azureml\.ms"
    r"|azure\.cn|azure\.us|chinacloudapi\.cn|usgovcloudapi\.net|visualstudio\.com)"
)
_PUBLIC_LABELS = (
    r"(?:management|login|portal|learn|docs|graph|prices|azure|www|sts|batch|database|vault|gallery|metadata"
    r"|blob|file|dfs|queue|table|web|core)"
)
_PUBLIC_HOSTS = (
    r"(?:[\w-]{1,63}\.){0,8}(?:microsoft\.com|microsoftonline\.(?:com|us|cn)|pulumi\.com|pypi\.org|pythonhosted\.org|python\.org"
    rf"|github\.com|githubusercontent\.com|aka\.ms|anaconda\.(?:com|org)|tensorflow\.org|ubuntu\.com|{_SERVICES})"
)
_DOMAINS = (
    r"(?:com|net|org|io|edu|gov|mil|int|info|biz|eu|de|uk|fr|ch|nl|se|dk|fi|pl|cz|be|ie|pt|jp|cn|au|ca|kr|sg|cloud"
    r"|dev|tech|local|internal|lan|corp|intranet|home|arpa|localdomain|intra|private|example|invalid|ai|es|it|at|no|br)"
)
_HOST = rf"(?:[\w-]{{1,63}}\.){{1,9}}{_DOMAINS}"
_BEFORE = r"(?<![\w.-])"

SHAPES: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...] = (
    ("subscription", ("/subscriptions/",), re.compile(rf"/subscriptions/(?P<name>{_GUID})", re.IGNORECASE)),
    ("repository", ("git@", "git+", "ssh://"), re.compile(rf"(?:git@|git\+\w+://|ssh://)(?P<name>{_REST})")),
    ("repository", (".git",), re.compile(rf"https?://(?P<name>{_REST}\.git)\b")),
    (
        "place",
        ("://",),
        re.compile(rf"\b(?:az|adl|abfss?|wasbs?|s3a?|gs|azureml|hdfs|dbfs|smb|nfs)://(?P<name>{_REST})"),
    ),
    (
        "person",
        (" <",),
        re.compile(
            r"(?<![\w.'-])(?P<name>[^\W\d_][\w.'-]{0,40}(?: [^\W\d_][\w.'-]{0,40}){1,3})(?= <(?:[^>\s]+@|mail-\d))"
        ),
    ),
    ("mail", ("@",), re.compile(r"(?P<name>\\?\"[^\"\\]{1,60}\\?\"@[\w-]+(?:\.[\w-]+)+)")),
    ("mail", ("@",), re.compile(r"(?<!\w)(?!git@)(?P<name>\w[\w.+'#-]{0,127}@[^\W\d_][\w-]*(?:\.[\w-]+)*)")),
    ("guid", (), re.compile(rf"(?P<name>{_GUID})")),
    ("group", ("/resourcegroups/",), re.compile(rf"/resourceGroups/(?P<name>{_PART})", re.IGNORECASE)),
    (
        "storage",
        (".blob.", ".file.", ".dfs.", ".queue.", ".table.", ".web."),
        re.compile(r"(?<![a-z0-9-])(?P<name>[a-z0-9-]{3,63})(?=\.(?:blob|file|dfs|queue|table|web)\.)", re.IGNORECASE),
    ),
    (
        "blob",
        (".blob.", ".file.", ".dfs.", ".queue.", ".table.", ".web."),
        re.compile(rf"storage-\d+\.(?:blob|file|dfs|queue|table|web)\.[\w.]+(?::\d+)?/(?P<name>{_REST})"),
    ),
    (
        "service",
        ("windows.net", "azure", "onmicrosoft", "sharepoint", "visualstudio", "cloudapi"),
        re.compile(
            rf"{_BEFORE}(?!{_PUBLIC_LABELS}\.)(?P<name>[a-z0-9-]{{2,63}})(?=\.(?:[a-z0-9-]+\.){{0,3}}{_SERVICES}\b)",
            re.IGNORECASE,
        ),
    ),
    ("path", ("://",), re.compile(rf"https?://service-\d+\.[\w.]+(?::\d+)?/(?P<name>{_REST})")),
    ("host", (".",), re.compile(rf"{_BEFORE}(?!{_PUBLIC_HOSTS}(?![\w-]|\.\w))(?P<name>{_HOST})(?![\w-]|\.\w)")),
    ("path", ("://",), re.compile(rf"https?://(?:\*+@)?host-\d+(?::\d+)?/(?P<name>{_REST})")),
    *(
        ("resource", ("/providers/",), re.compile(rf"{above}/[\w.-]+/(?P<name>{_PART})", re.IGNORECASE))
        for above in _ABOVE
    ),
    (
        "resource",
        ("resource ",),
        re.compile(rf"(?:the )?resource {_QUOTE}[\w.]+/\w+/(?P<name>[^\"'\\]+)", re.IGNORECASE),
    ),
    (
        "resource",
        ("/",),
        re.compile(rf"\b(?:galleries|images|subnets|virtualNetworks|deployments|vaults)/(?P<name>{_PART})"),
    ),
    (
        "group",
        ("group",),
        re.compile(
            rf"resource ?group(?: named| with name)?(?:\s*[:=]\s*|\s+){_QUOTE}(?P<name>[\w.()-]+)", re.IGNORECASE
        ),
    ),
    (
        "group",
        ("group",),
        re.compile(r"resource ?group(?: (?:named|with name) |: )(?P<name>[\w.()-]*\w)", re.IGNORECASE),
    ),
    (
        "named",
        ("'", '"', "‘", "“"),  # noqa: RUF001
        re.compile(
            rf"\b{_NOUNS}(?: (?:named|name|with name|id))?(?:\s*[:=]\s*|\s+){_QUOTE}"
            rf"(?!/|Standard_|microsoft)(?P<name>\w[^\"'‘’“”\\]+)(?={_QUOTE})",  # noqa: RUF001
            re.IGNORECASE,
        ),
    ),
    (
        "named",
        (" named ", " with name ", ": "),
        re.compile(rf"\b{_NOUNS}(?: (?:named|with name) |: )(?P<name>[\w.()-]*\w)", re.IGNORECASE),
    ),
    (
        "named",
        ("name",),
        re.compile(
            rf"(?:(?:display|subscription|policy\w*|assignment)name|policy\w*{_QUOTE}\s*:\s*\{{\s*{_QUOTE}name){_QUOTE}"
            rf"\s*:\s*{_QUOTE}(?P<name>[^\"'\\]+)",
            re.IGNORECASE,
        ),
    ),
    (
        "named",
        ("=",),
        re.compile(
            r"\b(?:AccountName|User ?Id|Uid|Username|Initial Catalog|Database|Data Source|Server|SharedAccessKeyName)"
            r"=(?P<name>[^;&\s\"'\\]+)",
            re.IGNORECASE,
        ),
    ),
    (
        "user",
        ("/home/", "/users/", "\\users"),
        re.compile(r"(?:/home/|/Users/|[A-Za-z]:\\+Users\\+)(?P<name>[^/\\\s\"':,;]+)"),
    ),
    ("user", ("~",), re.compile(r"(?<![\w/~])~(?P<name>[a-z_][\w.-]*)(?=/)")),
    (
        "path",
        ("user-", "home-", "/home/", "/users/", "\\users"),
        re.compile(r"(?:\b(?:user|home)-\d+)[\\/]+(?P<name>[^\s\"':,;<>|]+)"),
    ),
    (
        "path",
        (":\\", ":/"),
        re.compile(r"(?<!\w)(?P<name>[A-Za-z]:(?:\\+|/)(?!/|\\*Users\b)[^\s\"':,;<>|\\]+(?:\\+[^\s\"':,;<>|\\]+)*)"),
    ),
    (
        "path",
        ("\\\\",),
        re.compile(r"(?<![\w\\:])(?P<name>\\{2,4}[\w.-]+(?:\\{1,2}[\w.$ -]+?)+)(?=[\s\"':,;<>|]|\\*[\"']|$)"),
    ),
    ("path", ("/",), re.compile(rf"(?<=[\"'])(?P<name>/(?!{_SYSTEM}(?:/|\b))[^\"'\\\n]+/[^\"'\\\n]*)", re.IGNORECASE)),
    (
        "path",
        ("/",),
        re.compile(rf"(?<![\w.:/\\~-])(?P<name>/(?!{_SYSTEM}(?:/|\b))[\w.+@~-]+(?:/[\w.+@~-]+)+)", re.IGNORECASE),
    ),
    ("path", ("tmp/",), re.compile(r"(?<![\w.:/\\~-])/(?:var/)?tmp/(?P<name>(?!tfinfra)[\w.+@~-]+(?:/[\w.+@~-]+)*)")),
    ("path", ("file:",), re.compile(rf"\bfile://+(?P<name>{_REST})", re.IGNORECASE)),
    ("ip", (".",), re.compile(r"(?<![\d.])(?P<name>(?:\d{1,3}\.){3}\d{1,3})(?![\d.])")),
    ("mac", (":", "-"), re.compile(rf"(?<![\w:-])(?P<name>{_HEX}{{2}}(?:[:-]{_HEX}{{2}}){{5}})(?![\w:-])")),
    ("ip", (":",), re.compile(rf"(?<![\w:.])(?P<name>(?:{_HEX}{{0,4}}:){{2,7}}(?:{_HEX}{{0,4}}|[\d.]+))(?![\w:])")),
    ("phone", ("+",), re.compile(r"(?<![\w+])(?P<name>\+\d{1,3}(?:[ ()./-]{0,2}\d){7,13})(?!\w)")),
)
LEARNT = ("mail", "storage", "group", "user", "service", "host")
"""The kinds of names that another text may have without their shape."""


def patterns_for(line: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    """The kinds and patterns that a line may have names of: most lines of a long log have none."""
    lower = line.lower()
    for kind, needs, pattern in SHAPES:
        if not needs or any(need in lower for need in needs):
            yield kind, pattern


def is_kept(kind: str, name: str) -> bool:
    """Whether what has the shape of a name is none: a word of ours, a common address, a time of day."""
    if kind != "ip" or is_a_word(name):
        return is_a_word(name)
    if name.startswith(_PUBLIC_ADDRESSES):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return "." not in name or ":" in name  # a version with four parts may be an address
    return address.is_unspecified or address.is_loopback


def is_a_word(name: str) -> bool:
    """Whether it is made of our own words already, or masked."""
    return bool(re.fullmatch(r"[a-z]+-\d+|\*+|tfinfra-run-\d+-[a-z0-9-]+", name))
