"""`${TFINFRA_…}` in a script's parameters: the same value whoever expands it, tfinfra's agent or a rank's shell."""

from __future__ import annotations

import subprocess

import pytest

from tfinfra.model.script_variables import expanded, shell_word

VARIABLES = {"TFINFRA_OUTPUTS": "/a b/out$HOME", "TFINFRA_INPUT_DATA": "/data 'x'", "TFINFRA_RUN_ID": "digits-abc123"}
TABLE = {
    "nothing to expand": ("plain", "plain"),
    "an empty word": ("", ""),
    "the whole word": ("${TFINFRA_OUTPUTS}", "/a b/out$HOME"),
    "within a word": ("x/${TFINFRA_INPUT_DATA}/y", "x//data 'x'/y"),
    "two at once": ("${TFINFRA_RUN_ID}:${TFINFRA_RUN_ID}", "digits-abc123:digits-abc123"),
    "names of others": ("${HOME} $HOME ${TFINFRA}", "${HOME} $HOME ${TFINFRA}"),
    "what a shell would read": ("`id` $(id) \"q\" 'q' \\ * ~ ; & |", "`id` $(id) \"q\" 'q' \\ * ~ ; & |"),
    "quotes around it": ("'${TFINFRA_RUN_ID}'", "'digits-abc123'"),
    "a value is not expanded again": ("${TFINFRA_OUTPUTS}", "/a b/out$HOME"),
    "no braces": ("$TFINFRA_RUN_ID", "$TFINFRA_RUN_ID"),
    "a line break": ("a\n${TFINFRA_RUN_ID}", "a\ndigits-abc123"),
}


@pytest.mark.parametrize(("text", "value"), TABLE.values(), ids=TABLE.keys())
def test_a_reference_has_its_value_and_all_else_stays(text: str, value: str) -> None:
    assert expanded(text, VARIABLES) == value
    line = f"printf %s {shell_word(text)}"
    assert subprocess.run(["sh", "-c", line], env=VARIABLES, capture_output=True, check=True).stdout.decode() == value
