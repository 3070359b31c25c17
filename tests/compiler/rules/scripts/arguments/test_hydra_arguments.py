"""script_params against scripts that take their configuration by Hydra: each by a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import said_of
from tfinfra.errors import Diagnostic

HYDRA = (
    "import hydra\n\n\n@hydra.main(version_base=None, config_path='conf', config_name='config')\n"
    "def main(cfg):\n    print(cfg)\n\n\nif __name__ == '__main__':\n    main()\n"
)
FROM = "from hydra import main as configured\n@configured(config_path='.', config_name='c')\ndef go(c): pass\ngo()\n"
TABLE: dict[str, tuple[str, str, list[str]]] = {
    "overrides": (HYDRA, "{lr=0.1: , model.depth=3: , +new=1: , ++force=1: , ~old: , 'db@x=y': }", []),
    "Hydra's own flags": (HYDRA, "{--config-name: other, -m: , '--config-dir=conf': , -cp: conf}", []),
    "short for one of them": (HYDRA, "{--multi: , --config-n: x}", []),
    "a list behind a flag of its own": (HYDRA, "{--config-name: [other, lr=0.1]}", []),
    "a flag as argparse has them": (HYDRA, "{--lr: 0.1}", ["--lr is no flag of Hydra's"]),
    "the same with an equals sign": (HYDRA, "{'--lr=0.1': }", ["--lr is no flag of Hydra's"]),
    "a key and its value": (HYDRA, "{lr: 0.1}", ["'lr' has no '='"]),
    "a word": (HYDRA, "{train: }", ["'train' has no '='"]),
    "a value behind an override": (HYDRA, "{gpus=0: 1}", ["takes '1' for an override of its own"]),
    "a value behind a bare flag": (HYDRA, "{--multirun: true}", ["takes 'true' for an override of its own"]),
    "several": (HYDRA, "{--lr: 1, depth: 2, x=1: }", ["--lr is no flag", "'depth' has no '='"]),
    "by another name": (FROM, "{--lr: 1}", ["--lr is no flag of Hydra's"]),
    "a variable of tfinfra's": (HYDRA, "{--out: '${TFINFRA_OUTPUTS}'}", ["--out is no flag of Hydra's"]),
    "a main that nobody calls": (HYDRA.replace("    main()\n", "    pass\n"), "{--lr: 1}", []),
    "one that gets its configuration": (HYDRA.replace("    main()\n", "    main({})\n"), "{--lr: 1}", []),
    "a changed command line": (f"import sys\nsys.argv[1:] = []\n{HYDRA}", "{--lr: 1}", []),
    "a script that only composes": (
        "import hydra\nwith hydra.initialize(config_path='conf'):\n    print(hydra.compose('config'))\n",
        "{--lr: 1}",
        [],
    ),
}


@pytest.mark.parametrize(("script", "given", "expected"), TABLE.values(), ids=TABLE)
def test_what_is_said(tmp_path: Path, script: str, given: str, expected: list[str]) -> None:
    found = of_hydra(tmp_path, script, given)
    assert [d.code for d in found] == ["TFI511"] * len(expected), [d.message for d in found]
    assert all(words in d.message for words, d in zip(expected, found, strict=True)), [d.message for d in found]
    assert all(d.is_error and d.hint and d.position for d in found)


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("{--lr: 0.1}", "write `lr=0.1:`"),
        ("{--lr: [1, 2]}", "write `'lr=[1,2]':`"),
        ("{--fast: }", "write `fast=true:`"),
        ("{--out: '${TFINFRA_OUTPUTS}'}", "write `'out=${TFINFRA_OUTPUTS}':`"),
        ("{lr: 0.1}", "write `lr=0.1:`"),
        ("{--multirun: true}", "write `--multirun:` alone"),
    ],
)
def test_the_way_out(tmp_path: Path, given: str, hint: str) -> None:
    (found,) = of_hydra(tmp_path, HYDRA, given)
    assert found.hint == hint


def of_hydra(folder: Path, script: str, given: str) -> tuple[Diagnostic, ...]:
    files = {"train.py": script, "conf/config.yaml": "lr: 1\n"}
    return said_of(folder, files, f"pip_packages: [hydra-core]\nscript_params: {given}\n")
