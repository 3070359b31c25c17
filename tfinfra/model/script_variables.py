"""`${TFINFRA_OUTPUTS}` and the like within script_params: what a task puts in their place, and where they stand."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping

INPUT = "TFINFRA_INPUT_"
NAMES = frozenset(f"TFINFRA_{name}" for name in ("OUTPUTS", "CHECKPOINTS", "RUN_ID", "SHARD_INDEX", "SHARD_COUNT"))
"""Those that every task has; beside them there is one for each input, INPUT and its name in upper case."""
_REFERENCE = re.compile(r"\$\{(TFINFRA_[A-Z0-9_]+)\}")
_MEANT = re.compile(
    r"\$\{(TFINFRA_\w*)\}|\$(TFINFRA_\w*)|\$\((TFINFRA_\w*)\)|%(TFINFRA_\w*)%|\{(TFINFRA_\w*)\}|\$\{\s*(TFINFRA_\w*)[^{}]*\}?",
    re.I,
)


def names_meant(text: str) -> Iterator[tuple[str, str]]:
    """Each place of `text` that reads like one of tfinfra's variables: as it is written, and the variable's name. Only
    `${NAME}` in capitals is one."""
    for found in _MEANT.finditer(text):
        yield found[0], next(name for name in found.groups() if name is not None)


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """`text` with the value of each reference to one of tfinfra's variables; all else stays as it is."""
    return _REFERENCE.sub(lambda found: variables.get(found[1], found[0]), text)


def shell_word(text: str) -> str:
    """`text` as one word for a POSIX shell, which expands the references in it and nothing else."""
    parts = _REFERENCE.split(text)  # text, name, text, name, …, text
    quoted = [f'"${{{part}}}"' if index % 2 else shlex.quote(part) if part else "" for index, part in enumerate(parts)]
    return "".join(quoted) or "''"


SET_BY_TFINFRA = (
    r"TF_CONFIG|TFINFRA_.*|PYTHONUNBUFFERED|CUDA_VISIBLE_DEVICES|MLFLOW_TRACKING_URI|MLFLOW_TRACKING_TOKEN|HOME|PATH"
    r"|(OMPI|PMIX|PRTE|OPAL)_.*|HOROVOD_(RANK|SIZE|LOCAL_RANK|LOCAL_SIZE|CROSS_RANK|CROSS_SIZE)"
)
"""The names of variables that tfinfra sets in every task, as a pattern."""


def set_by_tfinfra(name: str) -> bool:
    """Whether tfinfra sets the variable of this name in every task."""
    return re.fullmatch(SET_BY_TFINFRA, name) is not None


INHERITED = frozenset(
    {
        *("HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TERM", "PATH"),
        "TFINFRA_NODE",
        *("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "CUDA_HOME", "CUDA_PATH"),
    }
)
"""Of what a node's agent was started with, only these come through, and those of INHERITED_PREFIXES: a task's
environment is the same on every machine. LD_LIBRARY_PATH does not: TensorFlow's libraries have a RUNPATH, before which
it goes, and another CUDA has libraries of the same names. TFINFRA_NODE is the mark by which a machine that is a process
finds what belongs to it, when it ends."""
INHERITED_PREFIXES = ("LC_", "NVIDIA_", "NCCL_", "UCX_")


def may_be_set(name: str) -> bool:
    """Whether a task may have the variable though no manifest names it: of tfinfra's, of the machine's, or of what
    starts the task."""
    others = r"(TF|OMP|HOROVOD|XLA|CUDA|PYTHON|MLFLOW|GLOO|GRPC|ABSL)_?\w*|PWD|OLDPWD|SHLVL|_"
    known = name in INHERITED or name.startswith(INHERITED_PREFIXES) or set_by_tfinfra(name)
    return known or re.fullmatch(others, name) is not None
