"""Credentials in URLs and behind names: what recognises them, and that no error carries them."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tfinfra.cli.main import main
from tfinfra.errors import Diagnostic, Position, Severity, TfinfraError, UsageError
from tfinfra.text.credentials import covered, hidden, in_urls, only_name, secretive

CANARY = "hunter2canary"
WITHIN = {
    "a password": f"https://user:{CANARY}@host/x",
    "a token for a user": f"https://{CANARY}@host/x",
    "a token with an at sign": f"https://a@{CANARY}:b@host/x",
    "of git": f"x @ git+https://user:{CANARY}@github.com/a/b",
    "of git by ssh, with a password": f"git+ssh://git:{CANARY}@host/a",
    "a shared access signature": f"https://acc.blob.core.windows.net/c?sv=1&sig={CANARY}&se=2",
    "a token in the query": f"https://host/x.whl?access_token={CANARY}#sha256=1",
    "of another store": f"https://host/x?X-Amz-Signature={CANARY}",
    "an API key": f"https://host/x?api_key={CANARY}",
    "a channel's token": f"https://conda.anaconda.org/t/{CANARY}/channel",
    "a database": f"postgres://user:{CANARY}@host/db",
    "the second of two": f"https://host/a https://u:{CANARY}@host/b",
    "behind one slash": f"https:/u:{CANARY}@host/b",
    "behind backslashes": f"https:\\\\u:{CANARY}@host\\b",
    "without a scheme": f"//u:{CANARY}@host/b",
    "a key in the query": f"https://host/x.whl?key={CANARY}",
    "a key of a kind that opens": f"https://host/x.whl?subscription-key={CANARY}",
    "a key of that kind, of something": f"https://host/x.whl?my_access_key={CANARY}",
    "a function's key": f"https://host/api?code={CANARY}",
    "a token in the fragment": f"https://host/x.whl#token={CANARY}",
    "in quotes": f"'https://u:{CANARY}@host/b'",
}
WITHOUT = (
    *("https://host/x", "https://host:8443/x?sv=1#sha256=ab", "git+ssh://git@github.com/a/b", "ssh://git@host/a"),
    *(
        "registry/image:tag@sha256:ab",
        "pandas==2.0",
        "mail@example.org",
        "https://host/@scope/x",
        "https://host/x?y=a@b",
        "",
        "https://host/t/a/b",
    ),
    *("https://host/x?sort_key=1", "https://host/x?a=1&partition_key=3", "https://host/x?zip_code=1#dict_key=2"),
)


@pytest.mark.parametrize("text", WITHIN.values(), ids=WITHIN)
def test_credentials_in_a_url_are_found_and_hidden(text: str) -> None:
    assert in_urls(text)
    assert CANARY not in hidden(text)
    assert CANARY not in covered(text)
    assert len(covered(text)) == len(text)
    assert not in_urls(text.replace(CANARY, "x")) or hidden(text) == hidden(hidden(text))


@pytest.mark.parametrize("text", WITHOUT)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert not in_urls(text)
    assert hidden(text) == text


@pytest.mark.parametrize("path", ["data/run:1@best", "./data/run:1@best", "registry/org/image:1@best", "/data/run:1@b"])
def test_a_path_is_no_url(path: str) -> None:
    """What it may hide where it is shown is another question."""
    assert not in_urls(path)


# What each gives in a line of its own, in quotes, and among others in braces
MODELS_OWN = (
    *(
        "tokenizer",
        "tokenizer_path",
        "tokenizer-name",
        "pretokenized",
        "tokenise",
        "max_tokens",
        "num_tokens",
        "tokens",
    ),
    *("max_new_tokens", "tokens_per_batch", "maxTokens", "special_tokens", "pad_token", "eos_token_id", "mask_token"),
    *(
        "token_embedding_dim",
        "token_type_ids",
        "token_dropout",
        "token_len",
        "image_token",
        "special_token",
        "per_token",
    ),
    *("secretary", "passes", "num_passes", "key_dim", "authors", "code_dir", "num_keys", "auth", "compass", "bypass"),
)
OTHERS = (
    *("token", "hf_token", "HF_TOKEN", "hub-token", "access_token", "tokenvalue", "token_value", "token_2", "my.token"),
    *(
        "api_tokens",
        "hf_tokens",
        "auth-tokens",
        "token_secret",
        "pad_token_secret",
        "secret",
        "client_secret",
        "secrests",
    ),
    *("aws_secret_access_key", "secret_key", "password", "db_password", "passwd", "passw", "api_key", "apikey"),
    *("openai_api_key", "credential", "credentials", "clientToken"),
)


@pytest.mark.parametrize("form", ["{}: v-1", "  '{}': v-1  # x", "a: {{{}: v-1, lr: 0.1}}", '{{"{}": "v-1", "lr": 1}}'])
def test_what_a_model_reads_and_counts_can_be_read(form: str) -> None:
    lines = [form.format(key) for key in MODELS_OWN]
    assert [covered(line) for line in lines] == lines
    assert secretive([f"{key}: v-1" for key in MODELS_OWN]) == {}


SHOWN = {
    "a line of its own": ("{}: v-1, b: 2", "{}: " + "*" * 9),
    "within braces": ("a: {{{}: v-1, lr: 0.1}}", "a: {{{}: ***, lr: 0.1}}"),
    "last within braces": ("a: {{b: {{lr: 1, {}: v-1}}, c: 2}}", "a: {{b: {{lr: 1, {}: ***}}, c: 2}}"),
    "in quotes": ("a: {{'{}': 'v, 1: }}', lr: 0.1}}", "a: {{'{}': *********, lr: 0.1}}"),
    "in two": ('{{"{}": "v\\"}}, b: ", "lr": 1}}', '{{"{}": ***********, "lr": 1}}'),
    "with commas": ("a: {{{}: v,1, w, lr: 0.1}}", "a: {{{}: ******, lr: 0.1}}"),
    "a quote too many": ("a: {{{}: 'v'1', b: 1}}", "a: {{{}: " + "*" * 12),
    "without blanks": ('{{"{}":"v, 1","lr":1}}', '{{"{}":******,"lr":1}}'),
    "a list": ("a: {{{}: [v, b: 1]}}", "a: {{{}: " + "*" * 10),
    "a quote without an end": ("a: {{{}: 'v, b: 1}}", "a: {{{}: " + "*" * 9),
    "behind braces": ("a: {{b: 1}} {}: v, c: 1", "a: {{b: 1}} {}: *******"),
    "braces that go on": ("a: {{{}: v, w", "a: {{{}: ****"),
}


@pytest.mark.parametrize(("line", "shown"), SHOWN.values(), ids=SHOWN)
def test_what_a_name_that_says_secret_is_given_is_not_shown(line: str, shown: str) -> None:
    assert [covered(line.format(key)) for key in OTHERS] == [shown.format(key) for key in OTHERS]


def test_no_error_carries_them() -> None:
    url = WITHIN["a password"]
    place = Position("a.yaml", 1, 1, 3, f"x: {url}")
    told = Diagnostic("TFI100", Severity.ERROR, url, "x", place, url)
    raised = UsageError(url, url, (told,))
    assert CANARY not in f"{told!r}{raised!r}{raised}{raised.in_full()}"
    assert str(TfinfraError("plain")) == "plain"


def test_the_digest_of_a_file_is_shown_whatever_the_file_is_called() -> None:
    digest = f"sha256:{'0f' * 32}"
    for line in (f"    api_token.py: {digest}", f"  secrets/run.sh: {digest} executable", f"- sha256: {digest}"):
        assert covered(line) == line
    for line in (f"api_token: {digest}0", f"api_token: {CANARY} {digest}", f"TOKEN={CANARY}: {digest}"):
        assert covered(line) != line


def test_a_line_is_shown_without_what_stands_behind_a_name_in_capitals() -> None:
    assert covered(f"- API_KEY={CANARY} and more") == "- API_KEY=" + "*" * (len(CANARY) + 9)
    assert covered("numpy=1.26, pandas==2.0, X==1, A>=2") == "numpy=1.26, pandas==2.0, X==1, A>=2"
    assert only_name(f"API_KEY={CANARY}") == "API_KEY=***"
    assert only_name("numpy==1.2") == "numpy==1.2"


COMMANDS = {
    "curl's user": f"curl -u admin:{CANARY} https://host/x",
    "curl's user in quotes, without a blank": f"curl -s '-uadmin:{CANARY}' x",
    "curl's proxy": f"curl --proxy-user=admin:{CANARY} x",
    "a header": f"curl -H 'Authorization: Bearer {CANARY}' x",
    "mysql": f"mysql -p{CANARY} -u root",
    "a dump, as the last word": f"mysqldump -h a -u b -p'{CANARY}'",
    "sshpass": f"sshpass -p {CANARY} ssh host",
    "a login": f"docker login host -u bob -p {CANARY}",
    "redis": f"redis-cli -h a -a {CANARY} ping",
    "an archive": f"unzip -P {CANARY} a.zip",
    "Kubernetes' variables in one line": f"e: [{{name: B_KEY, value: {CANARY}}}, {{name: lr, value: 1}}], r: 2",
    "with the value before": f"env: [{{value: '{CANARY}', name: dbPassword}}]",
    "as JSON": f'{{"env": [{{"name": "HUB", "value": "a, {CANARY}"}}]}}',
    "a connection string": f"conn: 'Endpoint=sb://a/;SharedAccessKey={CANARY}='",
    "a token by its beginning": f"say: hf_{CANARY}abcdefghijklmnop".replace("2", "z"),
}


@pytest.mark.parametrize("line", COMMANDS.values(), ids=COMMANDS)
def test_what_a_program_takes_as_its_password_is_not_shown(line: str) -> None:
    assert CANARY not in covered(line).replace("z", "2")
    assert len(covered(line)) == len(line)


@pytest.mark.parametrize(
    "line",
    [
        "--extra-index-url=https://example.org/simple",
        "-i https://example.com/simple/",
        "pip_packages: ['--extra-index-url https://download.pytorch.org/whl/cu118']",
        "sed -i s/a/b/ c",
        "docker run -u root a",
        "mkdir -p a",
        "{name: lr, value: 0.1}",
        "python a.py -p 3",
        "the bearer token is old",
    ],
)
def test_what_is_no_password_is_shown(line: str) -> None:
    assert covered(line) == line


def test_a_value_below_its_name_is_not_shown() -> None:
    lines = ["- name: B_KEY", f"  value: {CANARY}", "- value: |", f"    {CANARY}", "- name: lr", "  value: 1"]
    lines += ["- name: B_KEY", "  value: >-", f"    {CANARY}", "- name: x"]
    shown = [secretive(lines).get(number, line) for number, line in enumerate(lines)]
    assert [number for number, line in enumerate(shown) if line != lines[number]] == [1, 7, 8]


def test_names_are_shown_where_names_stand() -> None:
    lines = ["secrets:  # two", "  - HUB_TOKEN", f"  - MY={CANARY}", "name: x", "secrets: [A, 'B', c]", "  x: y"]
    shown = [secretive(lines).get(number, line) for number, line in enumerate(lines)]
    assert shown == ["secrets:  # ***", *lines[1:2], "  - MY=" + "*" * len(CANARY), *lines[3:5], "  x: *"]


@pytest.mark.parametrize(
    "unit",
    [
        "/a:",
        "'a:b",
        "password=",
        "--url ",
        "-i ",
        "-i https://a",
        "secret",
        "token-",
        "sig=",
        "a, ",
        "A: ",
        "{token: a, ",
        "{token: '",
        "mysql ",
        "login ",
        "-u ",
        "-u a:",
        "name: A, ",
        "value: ",
        "{name: A, value: ",
        "name: A, value: '",
        "redis-cli ",
        "eyJ",
        "eyJaaaaaaaaaa.",
        "hf_",
        "bearer ",
    ],
)
def test_looking_takes_no_longer_than_the_text_is(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    began = time.process_time()
    for look in (hidden, covered, lambda line: secretive([f"secrets: {line}"])):
        look(text)
    assert time.process_time() - began < 3


MANIFESTS = {
    "a secret with its value": f"secrets: [MY={CANARY}]",
    "a secret with its value in another case": f"secrets: [my={CANARY}, ok]",
    "values among secrets": f"secrets:\n  - sk-{CANARY}",
    "a mapping of secrets": f"secrets: {{MY: sk-{CANARY}}}",
    "one secret, no list": f"secrets: MY={CANARY}",
    "a list of variables": f"environment_variables:\n  - NAME={CANARY} x{CANARY}\n  - other={CANARY}",
    "a variable alone": f"environment_variables: name={CANARY}",
    "a list of tags": f"tags: [a={CANARY}]",
    "an unknown key": f"my={CANARY}: 1",
    "a variable's name": f"environment_variables: {{'A={CANARY}': x}}",
    "a mapping of secrets that look like names": f"secrets: {{MY: {CANARY}}}",
    "secrets with blanks": f"secrets: ['A = {CANARY}', 'B: {CANARY}', 'C {CANARY}']",
    "a list of mappings": f"secrets:\n- MY: {CANARY}\n- B:\n    {CANARY}: 1",
    "secrets twice": f"secrets: [A]\nsecrets: [B={CANARY}]",
    "a secret twice": f"secrets:\n  A: {CANARY}\n  A: {CANARY}",
    "secrets after a tab": f"secrets:\n\t- A={CANARY}",
    "secrets with a tag": f"secrets: !!python/object [A={CANARY}]",
    "secrets, misspelt": f"secrests: {{A: {CANARY}}}",
    "a password where there is none": f"password: {CANARY}",
    "a password in a mapping": f"limits: {{db_password: {CANARY}}}",
    "a connection string": f"inputs: {{a: {{url: 'AccountName=a;AccountKey={CANARY};x'}}}}",
    "a package behind one slash": f"pip_packages: ['x @ https:/u:{CANARY}@host/x.whl']",
    "a package without a scheme": f"pip_packages: ['x @ //u:{CANARY}@host/x.whl']",
    "a short option with a path": f"pip_packages: ['-i https://host/{CANARY}/simple']",
    "an option with a path": f"pip_packages: ['--extra-index-url=https://host/{CANARY}/simple']",
    "a channel without a scheme": f"conda_channels: ['u:{CANARY}@host/c']\nconda_packages: [zlib]",
    "a line that YAML cannot read": f"environment_variables: NAME={CANARY}: : [",
    "a package": f"pip_packages: ['x @ https://u:{CANARY}@host/x-1-py3-none-any.whl']",
    "a package by git": f"pip_packages: ['git+https://{CANARY}@host/x']",
    "an option": f"pip_packages: ['--index-url https://u:{CANARY}@host/simple']",
    "a channel": f"conda_channels: ['https://u:{CANARY}@host/c']",
    "a channel's token": f"conda_channels: ['https://host/t/{CANARY}/c']",
    "a conda package": f"conda_packages: ['https://u:{CANARY}@host/c::x']",
    "an input": f"inputs: {{a: {{url: 'https://acc.blob.core.windows.net/c?sig={CANARY}'}}}}",
    "a checkpoint": f"resume_from: 'https://u:{CANARY}@acc.blob.core.windows.net/c'",
    "a store": f"compute_target: {{cloud: azure, store: 'https://acc.blob.core.windows.net/c?sig={CANARY}'}}",
    "a requirements file": "pip_requirements_file: requirements.txt",
    "a conda file": "conda_dependencies_file: environment.yaml",
}


@pytest.mark.parametrize("text", MANIFESTS.values(), ids=MANIFESTS)
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_a_manifest_is_refused_without_a_word_of_its_secret(
    text: str, form: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    Path("m.yaml").write_text(f"entry_script: train.py\n{text}\n")
    Path("train.py").write_text("print(1)\n")
    Path("requirements.txt").write_text(f"--index-url https://u:{CANARY}@host/\nx @ https://u:{CANARY}@host/x.whl\n")
    Path("environment.yaml").write_text(f"channels: ['https://u:{CANARY}@host']\ndependencies:\n  - A={CANARY}\n")
    assert main(["compile", "m.yaml", *form]) == 3
    out, err = capfd.readouterr()
    assert CANARY not in out + err
    assert not form or json.loads(out)["diagnostics"]
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.parent != tmp_path:
            assert CANARY not in path.read_text(errors="replace"), path


@pytest.mark.parametrize("key", ["environment_variables: {DB: '%s'}", "script_params: {db: '%s'}"])
def test_a_script_may_have_one_and_is_told_of_secrets(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.yaml").write_text("entry_script: train.py\n" + key % WITHIN["a database"] + "\n")
    Path("train.py").write_text("print(1)\n")
    assert main(["validate", "m.yaml"]) == 0
    _, err = capfd.readouterr()
    assert "TFI661" in err
    assert "`secrets`" in err
    assert CANARY not in err


SECRET_VALUES = {
    "a password": "script_params: {--password: %s}",
    "an API key": "script_params: {--api-key: %s, --lr: 1}",
    "a token": "script_params:\n  --token: %s",
    "a list": "script_params:\n  --db-password:\n    - %s",
    "a variable": "environment_variables: {WANDB_API_KEY: %s}",
    "another variable": "environment_variables:\n  DB_PASSWORD: %s",
    "a key of ssh": "environment_variables: {SSH_KEY: %s}",
    "a passphrase": "environment_variables: {PASSPHRASE: %s}",
    "a token of GitHub by its form": "script_params: {--who: ghp_%s0123456789abcdef}",
    "a token of Hugging Face by its form": "environment_variables: {WHO: hf_%s0123456789abcdef}",
    "a key of OpenAI by its form": "script_params: {--who: [a, sk-%s0123456789abcdef]}",
    "a connection string": "environment_variables: {WHO: 'AccountName=a;AccountKey=%s;x'}",
}


@pytest.mark.parametrize("case", SECRET_VALUES)
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_a_secret_in_a_value_is_warned_of_and_not_shown(
    case: str, form: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.yaml").write_text("entry_script: train.py\n" + SECRET_VALUES[case] % "hunter2abc" + "\n")
    Path("train.py").write_text("print(1)\n")
    assert main(["validate", "m.yaml", *form]) == 0
    out, err = capfd.readouterr()
    assert "TFI661" in out + err
    assert "hunter2abc" not in out + err


@pytest.mark.parametrize(
    "text",
    [
        "script_params: {--max-tokens: 100000, --pad-token: '[PAD]', --tokenizer: bert-base, --token-dim: 256}",
        "script_params: {--sort-key: category, --key: image, --auth: basic, --first-pass: resnet}",
        "script_params: {--password-file: ./secret.txt, --token: '${TFINFRA_INPUT_DATA}', --secretary: true}",
        "environment_variables: {TOKENIZERS_PARALLELISM: 'false', GOOGLE_APPLICATION_CREDENTIALS: /etc/key.json}",
        "script_params: {--task-name: risk-of-something-else-long}",
    ],
)
def test_what_only_sounds_like_a_secret_is_not_warned_of(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.yaml").write_text(f"entry_script: train.py\ninputs: {{data: {{path: d}}}}\n{text}\n")
    Path("train.py").write_text("print(1)\n")
    Path("d").write_text("1")
    main(["validate", "m.yaml"])
    assert "TFI661" not in capfd.readouterr().err


LONG = {
    "a flow mapping": ("name: x\nentry_script: train.py\nenvironment_variables: {", "K{0}: v, ", 5000, "}\n"),
    "dots": ("name: x\nentry_script: train.py\n# ", "a.", 450_000, "\n? [x]\n"),
    "a comment of URLs": ("{name: x, entry_script: train.py} # x://", "a.", 450_000, "\n"),
}


@pytest.mark.parametrize("case", LONG)
def test_a_long_line_takes_no_longer_for_what_could_hide_in_it(tmp_path: Path, case: str) -> None:
    before, each, number, after = LONG[case]
    (tmp_path / "train.py").write_text("print()\n")
    (tmp_path / "m.yaml").write_text(before + "".join(map(each.format, range(number))) + after)
    start = time.process_time()
    main(["validate", str(tmp_path / "m.yaml")])
    assert time.process_time() - start < 10
