"""How the provider plugin gets onto a machine, from a folder, a file, or a mirror on loopback."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.engine.provider.archives import PROGRAM, add, archive, sha256
from tests.engine.provider.mirrors import Mirror, serving
from tfinfra.arm.azure_native import BINARY, VERSION, archive_name
from tfinfra.engine.provider import install, plugin_archive
from tfinfra.engine.provider.install import ensure_provider, recorded
from tfinfra.engine.provider.plugin_folder import find_provider, plugins_folder, provider_folder
from tfinfra.errors import TfinfraError, UsageError

ZEROS = "0" * 64


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One with an empty cache, on which nobody waits between two tries."""
    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(plugin_archive, "_PAUSES", (0.0, 0.0))
    for name in ("TFINFRA_PROVIDER_MIRROR", "TFINFRA_PROVIDER_SHA256"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    with serving() as made:
        made.files[f"/{archive_name()}"] = archive(tmp_path / "served").read_bytes()
        yield made


def put(where: str, sha: str | None = None, said: list[str] | None = None) -> Path:
    environ = {"TFINFRA_PROVIDER_MIRROR": where, **({"TFINFRA_PROVIDER_SHA256": sha} if sha else {})}
    return ensure_provider((said if said is not None else []).append, environ=environ)


def nothing_is_left() -> bool:
    """Nothing of a plugin, and no draft beside its place."""
    below = plugins_folder().parent
    return find_provider() is None and {p.name for p in below.iterdir()} <= {
        "plugins",
        "provider.lock",
        "provider.json",
    }


def test_the_version_is_that_of_the_sdk_that_the_stacks_import() -> None:
    assert version("pulumi-azure-native") == VERSION


def test_a_folder_serves_as_a_mirror_and_the_first_hash_is_shown_and_kept(tmp_path: Path) -> None:
    file = archive(tmp_path / "mirror", ("README.md", b"hello"), ("LICENSE", b""))
    said: list[str] = []
    program = put(str(tmp_path / "mirror"), said=said)
    assert program == provider_folder() / BINARY == find_provider()
    assert program.read_bytes() == PROGRAM
    assert (provider_folder() / "README.md").read_bytes() == b"hello"
    assert recorded() == {"sha256": sha256(file), "from": str(file), "known_by": "first use"}
    assert any(sha256(file) in line and "recorded" in line for line in said)


def test_it_is_installed_once(tmp_path: Path) -> None:
    file = archive(tmp_path / "mirror")
    program = put(str(file))
    file.unlink()
    assert put(str(file)) == program


def test_the_real_tool_sees_what_was_installed(tmp_path: Path) -> None:
    from tfinfra.engine.tool.tool_environment import tool_variables

    archive(tmp_path / "mirror")
    put(str(tmp_path / "mirror"))
    home = Path(tool_variables(tmp_path / "state", {})["PULUMI_HOME"])
    assert (home / "plugins" / provider_folder().name / BINARY).read_bytes() == PROGRAM


def test_a_mirror_by_url_is_asked_for_the_archive_by_its_name(mirror: Mirror) -> None:
    assert put(mirror.url).read_bytes() == PROGRAM
    assert mirror.asked[0] == (f"/{archive_name()}", None)
    assert recorded()["from"] == f"{mirror.url}/{archive_name()}"


def test_a_password_goes_to_the_mirror_alone_and_is_never_shown(mirror: Mirror, tmp_path: Path) -> None:
    with serving() as other:
        other.files["/there"] = mirror.files.pop(f"/{archive_name()}")
        mirror.redirects[f"/{archive_name()}"] = f"{other.url}/there"
        said: list[str] = []
        put(f"http://ada:s%40cret@127.0.0.1:{mirror.port}", said=said)
        assert other.asked == [("/there", None)]
    assert mirror.asked[0][1] == "Basic YWRhOnNAY3JldA=="
    assert "s%40cret" not in "\n".join([*said, json.dumps(recorded())])


BREAKS: dict[str, Callable[[Mirror], None]] = {
    "a download that breaks off": lambda mirror: setattr(mirror, "tear", 2),
    "a server that is busy": lambda mirror: setattr(mirror, "fail", 2),
}


@pytest.mark.parametrize("harm", BREAKS.values(), ids=BREAKS)
def test_what_passes_is_tried_again(mirror: Mirror, harm: Callable[[Mirror], None]) -> None:
    harm(mirror)
    assert put(mirror.url).read_bytes() == PROGRAM


def test_a_download_that_always_breaks_off_leaves_nothing(mirror: Mirror) -> None:
    mirror.tear = 9
    with pytest.raises(TfinfraError, match=r"after \d+ of \d+ bytes|broke off") as caught:
        put(mirror.url)
    assert "TFINFRA_PROVIDER_MIRROR" in str(caught.value.hint)
    assert nothing_is_left()


UNREACHED = {
    "a port where nobody listens": ("http://127.0.0.1:9", "cannot be reached: .*refused"),
    "a mirror that has it not": ("{mirror}/nothing-here", "answered 404"),
}


@pytest.mark.parametrize(("where", "message"), UNREACHED.values(), ids=UNREACHED)
def test_a_closed_network_gets_its_way_out(mirror: Mirror, where: str, message: str) -> None:
    with pytest.raises(TfinfraError, match=message) as caught:
        put(where.format(mirror=mirror.url))
    assert archive_name() in str(caught.value.hint)


def test_a_proxy_that_refuses_is_named_for_what_it_is(monkeypatch: pytest.MonkeyPatch, mirror: Mirror) -> None:
    """The vendor's place, through a proxy on loopback that takes no CONNECT: nothing leaves this machine."""
    monkeypatch.setenv("https_proxy", mirror.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(TfinfraError, match="cannot be reached: Tunnel connection failed: 501"):
        ensure_provider(lambda _: None, environ={})
    assert nothing_is_left()


def test_a_hash_of_the_users_must_fit(tmp_path: Path) -> None:
    file = archive(tmp_path / "mirror")
    with pytest.raises(TfinfraError, match=f"SHA-256 is {sha256(file)}, and you gave {ZEROS}"):
        put(str(file), ZEROS)
    assert nothing_is_left()
    put(str(file), sha256(file).upper())
    assert recorded()["known_by"] == "user"


SUMS = {
    "a file of its own": (f"{archive_name()}.sha256", "{sha}\n"),
    "its own, with the name": (f"{archive_name()}.sha256", "{sha}  ./{name}\n"),
    "one for all": ("SHA256SUMS", f"{ZEROS}  other.tar.gz\n{{sha}} *{{name}}\n"),
}


@pytest.mark.parametrize(("beside", "text"), SUMS.values(), ids=SUMS)
@pytest.mark.parametrize("by_url", [True, False], ids=["by URL", "a folder"])
def test_a_checksum_file_beside_the_archive_counts(
    mirror: Mirror, tmp_path: Path, beside: str, text: str, by_url: bool
) -> None:
    file = tmp_path / "served" / archive_name()
    wrong, right = (text.format(sha=sha, name=archive_name()) for sha in ("1" * 64, sha256(file)))
    where = mirror.url if by_url else str(tmp_path / "served")
    for content in (wrong, right):
        mirror.files[f"/{beside}"] = content.encode()
        file.with_name(beside).write_text(content)
        if content == wrong:
            with pytest.raises(TfinfraError, match="the checksum file beside it says 1111"):
                put(where)
            assert nothing_is_left()
    put(where)
    assert recorded()["known_by"] == "mirror"


GARBAGE = {
    "its own, of words": (f"{archive_name()}.sha256", "<html>sign in</html>\n"),
    "its own, empty": (f"{archive_name()}.sha256", ""),
    "its own, too short a hash": (f"{archive_name()}.sha256", "abc123\n"),
    "its own, of another file": (f"{archive_name()}.sha256", f"{ZEROS}  other.tar.gz\n"),
    "one for all, of words": ("SHA256SUMS", "no sums today\n"),
}


@pytest.mark.parametrize(("beside", "text"), GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("by_url", [True, False], ids=["by URL", "a folder"])
def test_a_checksum_file_without_the_hash_is_an_error_and_not_none(
    mirror: Mirror, tmp_path: Path, beside: str, text: str, by_url: bool
) -> None:
    mirror.files[f"/{beside}"] = text.encode()
    (tmp_path / "served" / beside).write_text(text)
    with pytest.raises(TfinfraError, match=f"{beside} holds no SHA-256 of"):
        put(mirror.url if by_url else str(tmp_path / "served"))
    assert nothing_is_left()


def test_a_list_of_other_files_sums_is_none_of_the_archives(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files["/SHA256SUMS"] = f"{ZEROS}  other.tar.gz\n".encode()
    put(mirror.url)
    assert recorded()["known_by"] == "first use"


@pytest.mark.parametrize("status", [503, 429, 401, 400, 0])
@pytest.mark.parametrize("end", [".sha256", "SHA256SUMS"])
def test_a_checksum_file_that_does_not_come_is_not_one_that_is_not_there(mirror: Mirror, status: int, end: str) -> None:
    """Who can break one request would switch the check off. 0: the answer breaks off."""
    mirror.broken[end] = status
    with pytest.raises(TfinfraError) as caught:
        put(mirror.url)
    assert end in caught.value.message
    assert nothing_is_left()


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_mirror_may_say_that_it_has_no_checksum_file(mirror: Mirror, status: int) -> None:
    mirror.broken.update({".sha256": status, "SHA256SUMS": status})
    put(mirror.url)
    assert recorded()["known_by"] == "first use"


def test_the_hashes_of_other_versions_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A downgrade must not be a first use again."""
    old = sha256(archive(tmp_path / "mirror"))
    put(str(tmp_path / "mirror"))
    with monkeypatch.context() as newer:
        newer.setattr(install, "archive_name", lambda: "pulumi-resource-azure-native-v9.tar.gz")
        shutil.rmtree(provider_folder())
        put(str(tmp_path / "mirror"))
    assert recorded()["sha256"] == old


def test_another_archive_than_the_first_is_refused_until_somebody_vouches_for_it(tmp_path: Path) -> None:
    first = sha256(archive(tmp_path / "mirror"))
    put(str(tmp_path / "mirror"))
    shutil.rmtree(provider_folder())
    file = archive(tmp_path / "mirror", ("new", b"content"))
    with pytest.raises(TfinfraError, match=f"it was {first} when it was first used") as caught:
        put(str(tmp_path / "mirror"))
    assert nothing_is_left()
    assert "TFINFRA_PROVIDER_SHA256" in str(caught.value.hint)
    put(str(tmp_path / "mirror"), sha256(file))
    assert recorded()["sha256"] == sha256(file)


def test_a_plugin_of_another_hash_than_the_users_is_not_used(tmp_path: Path) -> None:
    file = archive(tmp_path / "mirror")
    put(str(file))
    put(str(file), sha256(file))
    with pytest.raises(TfinfraError, match=f"was installed from an archive with SHA-256 {sha256(file)}"):
        put(str(file), ZEROS)


def evil(tmp_path: Path, name: str, kind: bytes = tarfile.REGTYPE, to: str = "") -> Path:
    file = tmp_path / "mirror" / archive_name()
    file.parent.mkdir(exist_ok=True)
    with tarfile.open(file, "w:gz") as tar:
        add(tar, BINARY, PROGRAM)
        add(tar, name, b"" if kind != tarfile.REGTYPE else b"x", kind, to)
    return file


MEMBERS = {
    "a path upwards": ("../outside", tarfile.REGTYPE, "", "leaves its folder"),
    "a path upwards further in": ("a/../../outside", tarfile.REGTYPE, "", "leaves its folder"),
    "an absolute path": ("/tmp/outside", tarfile.REGTYPE, "", "leaves its folder"),
    "a link out": ("link", tarfile.SYMTYPE, "../..", "neither a file nor a folder"),
    "a link within": ("link", tarfile.SYMTYPE, BINARY, "neither a file nor a folder"),
    "a hard link": ("link", tarfile.LNKTYPE, BINARY, "neither a file nor a folder"),
    "a device": ("null", tarfile.CHRTYPE, "", "neither a file nor a folder"),
    "a pipe": ("pipe", tarfile.FIFOTYPE, "", "neither a file nor a folder"),
    "a program that is a link": (f"./{BINARY}", tarfile.SYMTYPE, "/bin/sh", "neither a file nor a folder"),
}


@pytest.mark.parametrize(("name", "kind", "to", "message"), MEMBERS.values(), ids=MEMBERS)
def test_an_archive_writes_nothing_but_files_below_its_folder(
    tmp_path: Path, name: str, kind: bytes, to: str, message: str
) -> None:
    file = evil(tmp_path, name, kind, to)
    with pytest.raises(TfinfraError, match=message):
        put(str(file))
    assert nothing_is_left()
    assert not list(tmp_path.rglob("outside"))


def _torn(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-40])


def _changed(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(bytes(content))


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "a page of a login": (lambda file: file.write_text("<html>sign in</html>"), "it is no whole .tar.gz"),
    "nothing at all": (lambda file: file.write_bytes(b""), "it is no whole .tar.gz"),
    "half of it": (_torn, "it is no whole .tar.gz"),
    "a byte that changed": (_changed, "cannot be installed"),
    "no program in it": (lambda file: archive(file.parent, ("README", b""), program=None), f"there is no {BINARY}"),
    "the program in a folder": (
        lambda file: archive(file.parent, (f"bin/{BINARY}", PROGRAM), program=None),
        f"there is no {BINARY}",
    ),
}


@pytest.mark.parametrize(("spoil", "message"), SPOILT.values(), ids=SPOILT)
def test_what_is_no_archive_of_the_plugin_is_not_installed(
    tmp_path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    file = archive(tmp_path / "mirror", ("data", bytes(range(256)) * 400))
    spoil(file)
    with pytest.raises(TfinfraError, match=message):
        put(str(file))
    assert nothing_is_left()
    assert recorded() == {}


PLACES = {
    "nothing there": ("/nowhere/at/all", None, "there is no archive"),
    "a folder without it": ("{tmp}", None, "there is no archive"),
    "another scheme": ("s3://bucket", None, "neither a path nor"),
    "no hash": ("{tmp}/mirror", "abc", "is no SHA-256"),
    "not encrypted": ("http://mirror.example", None, "is not encrypted"),
}


@pytest.mark.parametrize(("where", "sha", "message"), PLACES.values(), ids=PLACES)
def test_a_wish_that_cannot_be_is_refused(tmp_path: Path, where: str, sha: str | None, message: str) -> None:
    archive(tmp_path / "mirror")
    with pytest.raises(UsageError, match=message) as caught:
        put(where.format(tmp=tmp_path), sha)
    assert caught.value.hint


def test_a_full_disk_is_an_error_with_its_place_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    archive(tmp_path / "mirror")
    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(TfinfraError, match=f"{plugins_folder().parent}: No space left") as caught:
        put(str(tmp_path / "mirror"))
    assert "TFINFRA_CACHE_DIR" in str(caught.value.hint)
    assert nothing_is_left()


def test_what_was_left_half_done_is_replaced(tmp_path: Path) -> None:
    archive(tmp_path / "mirror")
    provider_folder().mkdir(parents=True)
    (provider_folder() / BINARY).write_text("half")
    (provider_folder() / BINARY).chmod(0o755)
    partial = provider_folder().with_name(f"{provider_folder().name}.partial")
    partial.touch()
    assert find_provider() is None
    assert put(str(tmp_path / "mirror")).read_bytes() == PROGRAM
    assert not partial.exists()


def test_two_at_once_install_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive(tmp_path / "mirror")
    inside, go, real, said = threading.Event(), threading.Event(), plugin_archive.fetch, list[str]()

    def slowly(*arguments: object) -> object:
        inside.set()
        assert go.wait(10)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(install, "fetch", slowly)
    first = threading.Thread(target=put, args=(str(tmp_path / "mirror"),))
    first.start()
    assert inside.wait(10)
    monkeypatch.setattr(install, "fetch", None)  # the second must not come so far
    program = (
        "from tfinfra.engine.provider.install import ensure_provider;"
        f"print(ensure_provider(lambda text: print(text, flush=True), where={str(tmp_path / 'mirror')!r}))"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as second:
        assert second.stdout is not None
        said.append(second.stdout.readline())
        go.set()
        said.append(second.stdout.read())
    first.join()
    assert "another tfinfra is installing" in said[0]
    assert said[1].strip() == str(provider_folder() / BINARY)


RECORDS = {
    "cut": '{"',
    "a list": "[]",
    "a number": "7",
    "an entry that is none": json.dumps({archive_name(): 7}),
    "an entry of numbers": json.dumps({archive_name(): {"sha256": 7}}),
    "half an entry": json.dumps({archive_name(): {"sha256": ZEROS}}),
}


@pytest.mark.parametrize("text", RECORDS.values(), ids=RECORDS)
def test_a_broken_record_is_not_taken_for_none(text: str, tmp_path: Path) -> None:
    file = archive(tmp_path / "mirror")
    plugins_folder().mkdir(parents=True)
    (plugins_folder().parent / "provider.json").write_text(text)
    assert recorded() == {}
    with pytest.raises(TfinfraError, match=r"provider\.json cannot be read"):
        put(str(file))
    assert nothing_is_left()
    assert put(str(file), sha256(file)) == find_provider()
    assert recorded()["known_by"] == "user"


WRITTEN = {
    "as sha256sum prints it": "{sha}  {name}",
    "by sha256sum --tag": "SHA256 ({name}) = {sha}",
    "by openssl": "SHA2-256({name})= {sha}",
    "with a byte order mark": "\ufeff{sha} *{name}\r",
    "escaped": "\\{sha}  {name}",
}


@pytest.mark.parametrize("line", WRITTEN.values(), ids=WRITTEN)
def test_a_mirrors_checksum_file_counts_in_any_notation(line: str, tmp_path: Path, mirror: Mirror) -> None:
    file = archive(tmp_path / "mirror")
    wrong = line.format(sha=ZEROS, name=archive_name())
    file.with_name(f"{archive_name()}.sha256").write_text(wrong, "utf-8")
    mirror.files[f"/{archive_name()}.sha256"] = wrong.encode()
    for where in (str(file), mirror.url):
        with pytest.raises(TfinfraError, match="the checksum file beside it says"):
            put(where)


def test_a_hash_may_be_given_as_sha256sum_prints_it(tmp_path: Path) -> None:
    file = archive(tmp_path / "mirror")
    given = f"{sha256(file).upper()}  {archive_name()}"
    put(str(file), given)
    assert put(str(file), given) == find_provider()
    with pytest.raises(UsageError, match="is no SHA-256"):
        put(str(file), "abc")


def test_a_signature_behind_the_url_goes_along_and_is_not_shown(tmp_path: Path, mirror: Mirror) -> None:
    signed = "?sv=1&sig=geheim"
    mirror.files = {f"{path}{signed}": content for path, content in mirror.files.items()}
    said: list[str] = []
    put(f"{mirror.url}/{signed}", said=said)
    assert "geheim" not in "".join(said) + json.dumps(recorded())
    assert (f"/{archive_name()}.sha256{signed}", None) in mirror.asked


def test_a_checksum_that_could_not_be_asked_for_is_not_taken_for_none(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = plugin_archive._beside_url

    def while_the_server_is_ill(url: str) -> str | None:
        mirror.fail = 9
        return beside(url)

    monkeypatch.setattr(plugin_archive, "_beside_url", while_the_server_is_ill)
    with pytest.raises(TfinfraError, match="503"):
        put(mirror.url)
    assert nothing_is_left()


@pytest.mark.parametrize(
    "url", ["http://", "http://[::1", "http://ada:ge/heim@127.0.0.1:1", "http://127.0.0.1:99999", "https://x/a b"]
)
def test_what_is_no_url_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(UsageError, match="TFINFRA_PROVIDER_MIRROR") as refused:
        put(url)
    assert "heim" not in f"{refused.value} {refused.value.hint}"


def in_the_way_of_the_cache(cache: Path) -> None:
    cache.write_text("")


def in_the_way_of_the_plugins(cache: Path) -> None:
    (cache / "pulumi").mkdir(parents=True)
    (cache / "pulumi" / "plugins").write_text("")


@pytest.mark.parametrize("put_there", [in_the_way_of_the_cache, in_the_way_of_the_plugins])
def test_a_file_where_a_folder_should_be(put_there: Callable[[Path], None], tmp_path: Path) -> None:
    file = archive(tmp_path / "mirror")
    put_there(tmp_path / "cache")
    with pytest.raises(TfinfraError, match=r"cannot be (installed|used)") as refused:
        put(str(file))
    assert "TFINFRA_CACHE_DIR" in f"{refused.value} {refused.value.hint}"


def test_a_file_where_the_plugins_folder_should_be_makes_room(tmp_path: Path) -> None:
    file = archive(tmp_path / "mirror")
    plugins_folder().mkdir(parents=True)
    provider_folder().write_text("")
    assert put(str(file)) == find_provider()
