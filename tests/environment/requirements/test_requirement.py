"""What a requirement line may say: of the forms by which one reaches past the index, none does."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging import requirements
from packaging.utils import canonicalize_name

from tfinfra.environment.requirements.requirement import RefusedRequirement, read_requirement

PATHS = (
    *("evil@file:///x", "evil @file:///x", "evil @  file:///x", "evil @ FILE:///x", "evil @ git+file:///x"),
    *("evil @ ../x", "evil @ x.whl", "evil @ ./x.tar.gz", "evil @ /x", "evil @ ~/x", "evil @ file:x", "evil@x"),
    *("evil[a] @ file:///x ; python_version > '3'", "evil @ \u00a0file:///x", "evil @ git+../x", "evil @ git+/x"),
    *("./x", "/x", "~/x", "../x.whl", "x.whl", "sub/x.tar.gz", "file:///x", "file:x", "FILE:///x.whl", "c:\\x"),
)
OPTIONS = (
    *("-e .", "-r other.txt", "-c other.txt", "--index-url https://a.example", "-ihttps://a.example", "-f ./wheels"),
    *("numpy --global-option=x", "numpy --config-settings=a=b", "numpy -C a=b", "numpy --hash=sha256:00 --index-url x"),
    *("--trusted-host a.example", "--find-links=https://a.example", "numpy -r other.txt", "--no-binary=:all:"),
)
TRANSPORTS = (
    *(
        "evil @ http://a.example/x.whl",
        "evil @ HTTP://a.example/x.whl",
        "evil @ git+http://a.example/x",
        "http://a/x.whl",
    ),
    *("evil @ git+ssh://git@a.example/evil", "evil @ git+ssh:///evil", "evil @ GIT+SSH://a/x"),
    *("evil @ ftp://a.example/x.whl", "evil @ git://a.example/x", "evil @ hg+https://a.example/x", "evil @ ssh://a/x"),
)
VARIABLES = (
    *("evil @ https://a.example/${AZURE_CLIENT_SECRET}.whl", "numpy==${HOME}", "${HOME}", "https://a.example/${X}.whl"),
    *("evil @ https://a.example/x.whl?${X}", "numpy[${X}]"),
)
NONSENSE = (
    *("https://[x/y.whl", "git+https://[a/b", "p @ https://[x/y.whl"),
    *("numpy; " + "(" * 900 + "python_version > '3'" + ")" * 900, "numpy[" + "a," * 900 + "]"),
    *("numpy==", "==3", "numpy 1.2", "numpy>=1 evil", "numpy ; nonsense", "numpy;python_version<'3' --pre", "numpy\\"),
    *("numpy\nevil", "numpy\revil", "num\0py", "numpy\x0cevil", "numpy\u2028evil", "nump\u202ey", "numpy\x1b[31m"),
    *(
        "numpy===file:///x",
        "numpy @",
        "https://a.example/x.tar.gz",
        "git+https://a.example/x",
        "a" * 200,
        "@ https://a/x",
    ),
    "n @ https://a.example/" + "x" * 3000 + ".whl",
)
REFUSED = {*PATHS, *OPTIONS, *TRANSPORTS, *VARIABLES, *NONSENSE}


@pytest.mark.parametrize("line", sorted(REFUSED))
def test_a_line_that_reaches_past_the_index_is_refused(line: str) -> None:
    with pytest.raises(RefusedRequirement) as caught:
        read_requirement(line, {"evil", "numpy"})
    assert caught.value.hint
    assert not caught.value.builds
    assert len(caught.value.message) < 300


@pytest.mark.parametrize("line", PATHS)
def test_a_path_is_called_one(line: str) -> None:
    with pytest.raises(RefusedRequirement, match=r"path of this machine|no requirement|does not say|no-break space"):
        read_requirement(line)


TAKEN = {
    "numpy": ("numpy", ""),
    "NumPy.core>=1,<2": ("numpy-core", ""),
    "a[b,c]==1.* ; python_version < '4' and sys_platform == 'linux'": ("a", ""),
    "numpy===1.26.4": ("numpy", ""),
    "numpy (>=1)": ("numpy", ""),
    "numpy==1.2 --hash=sha256:00 --hash=sha256:11": ("numpy", ""),
    "a @ https://b.example/a-1-py3-none-any.whl#sha256=00": ("a", "https://b.example/a-1-py3-none-any.whl#sha256=00"),
    "https://b.example/My_A-1-py3-none-any.whl": ("my-a", "https://b.example/My_A-1-py3-none-any.whl"),
}


@pytest.mark.parametrize("line", TAKEN)
def test_what_an_index_or_a_wheel_gives_is_taken(line: str) -> None:
    found = read_requirement(line)
    assert (found.name, found.url) == TAKEN[line]


VERSIONS = st.lists(st.integers(0, 999).map(str), min_size=1, max_size=4).map(".".join)
BLANKS = st.sampled_from(["", " "])
PINS = st.tuples(BLANKS, st.sampled_from(["==", "!=", "<=", ">=", "<", ">"]), BLANKS, VERSIONS, BLANKS).map("".join)
ARCHIVE = re.compile(r"\.(whl|zip|tar|gz|tgz|bz2|xz)$", re.IGNORECASE)  # a path by its name
NAMES = st.from_regex(r"[A-Za-z0-9._-]{1,12}", fullmatch=True).filter(lambda name: not ARCHIVE.search(name))
USUAL = st.tuples(NAMES, st.lists(PINS, max_size=3).map(",".join))


@given(USUAL.map("".join))
def test_a_usual_line_is_read_as_the_parser_of_all_lines_reads_it(line: str) -> None:
    try:
        expected = requirements.Requirement(line)
    except requirements.InvalidRequirement:
        with pytest.raises(RefusedRequirement):
            read_requirement(line)
        return
    found = read_requirement(line)
    exact = any(one.operator == "==" for one in expected.specifier)
    assert (found.name, found.url, found.is_exact) == (canonicalize_name(expected.name), "", exact)


BUILT = (
    *("My.Evil @ https://a.example/evil-1.tar.gz", "my-evil @ https://a.example/evil.zip#egg=x"),
    *("my_evil @ git+https://a.example/evil@main", "my-evil @ git+https://a.example/evil"),
)


@pytest.mark.parametrize("line", BUILT)
def test_what_would_have_to_be_built_is_named_in_source_builds(line: str) -> None:
    with pytest.raises(RefusedRequirement, match="is no wheel") as caught:
        read_requirement(line, {"other"})
    assert caught.value.builds
    assert "source_builds: [my-evil]" in caught.value.hint
    assert read_requirement(line, {"my-evil"}).name == "my-evil"


MEANT = {
    "numpy;": "write numpy",
    "numpy=1.26": "write numpy==1.26",
    "numpy>=1 <2": "write numpy>=1,<2",
    "numpy=>1": "write numpy>=1",
    "numpy v1.2": "write numpy==1.2",
    "numpy~=1": "write numpy~=1.0",
    "'numpy>=1'": "write numpy>=1",
    "numpy==1.2 # why": "write numpy==1.2",
    "%pip install numpy pandas>=2": "write the packages themselves, one a line: numpy, pandas>=2",
    "!pip3 install ./numpy": "write the packages themselves",
    "pip install numpy": "write the packages themselves, one a line: numpy",
    "numpy, pandas>=2": "write each on a line of its own, or as an item of its own: numpy, pandas>=2",
    "numpy >= ": "write name==1.2.3, name>=1,<2, or name @ https://…/name-1.2.3-….whl",
}


@pytest.mark.parametrize("line", MEANT)
def test_a_slip_of_the_pen_says_what_to_write_and_that_can_be_read(line: str) -> None:
    with pytest.raises(RefusedRequirement) as caught:
        read_requirement(line)
    assert caught.value.hint == MEANT[line]
    if MEANT[line].startswith("write numpy"):
        assert read_requirement(MEANT[line].removeprefix("write ")).name == "numpy"
