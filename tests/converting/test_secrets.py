"""Whatever shape a secret has in another tool's file, neither the manifest nor a note with its line shows it."""

from __future__ import annotations

import pytest

from tfinfra.converting.tools import convert

CANARY = "hunter2"
_AML = "code: .\nenvironment: e\ncommand: python fit.py\n"
_POD = "containers: [{name: t, command: [python, /o/fit.py], ENV}]"
_TFJOB = (
    "kind: TFJob\nspec: {tfReplicaSpecs: {Worker: {replicas: 1, template: {spec: {" + _POD + "}}}}}\nmore: {a: 1}\n"
)
FILES = {
    "variables of a pod in one line": _TFJOB.replace("ENV", f"env: [{{name: A_SECRET, value: {CANARY}}}], image: i"),
    "a pod's connection string": _TFJOB.replace("ENV", f"env: [{{name: A, value: 'b;Password={CANARY}'}}], image: i"),
    "curl's user": f"setup: |\n  curl -u admin:{CANARY} https://host/x\nrun: python fit.py\n",
    "curl's user in one line": f"workdir: .\nrun: curl -u admin:{CANARY} https://host/x && python fit.py\n",
    "mysql's password": f"workdir: .\nrun: |\n  mysql -p{CANARY} -u root\n  python fit.py\n",
    "a login once more": f"setup: wandb login --relogin {CANARY}\nrun: python fit.py\n",
    "a connection string that is exported": f'setup: export DB="S=a;Password={CANARY}"\nrun: python fit.py\n',
    "a connection string of mpirun's": f"workdir: .\nrun: mpirun -x DB='S=a;Pwd={CANARY}' python fit.py\n",
    "a connection string under another name": f'{_AML}environment_variables: {{CONN: "AccountKey={CANARY}=="}}\n',
    "a connection string as an argument": f"workdir: .\nrun: python fit.py --db 'S=a;Password={CANARY}'\n",
    "one that no flag is before": f"workdir: .\nrun: python fit.py 'S=a;Password={CANARY}'\n",
    "curl's user behind other letters": f"setup: curl -sSu admin:{CANARY} https://host/x\nrun: python fit.py\n",
    "a password that is piped": f"setup: echo {CANARY} | docker login -u a --password-stdin\nrun: python fit.py\n",
    "an input's URL": f"{_AML}inputs: {{d: {{path: 'https://u:{CANARY}@a.blob.core.windows.net/c?sig={CANARY}'}}}}\n",
    "an input that is one": f"{_AML[:-1]} --t ${{{{inputs.token}}}}\ninputs: {{token: {CANARY}}}\n",
    "words of a container": _TFJOB.replace("/o/fit.py]", f"/o/fit.py, --password, {CANARY}, '--token={CANARY}']"),
    "a tag": f"{_AML}tags: {{store: 'AccountKey={CANARY}'}}\n",
}


PYTHON = {
    "a mapping of arguments": f"script_params={{'--key': '{CANARY}', '--lr': lr}}",
    "a list of arguments": f"script_params=['--token', '{CANARY}', '--lr', lr]",
    "variables": f"environment_variables={{'AZURE_TOKEN': '{CANARY}'}}, user=1",
    "arguments without names": f"**{{'api_key': '{CANARY}'}}",
}


@pytest.mark.parametrize("sentence", PYTHON)
def test_no_line_of_an_estimator_shows_one(sentence: str) -> None:
    text = f"est = TensorFlow(entry_script='fit.py', {PYTHON[sentence]}, weight=1)\n"
    converted = convert(text.encode(), "submit.py")
    assert converted.unmatched
    assert CANARY not in f"{converted.text} {converted.unmatched}"


@pytest.mark.parametrize("sentence", FILES)
def test_no_shape_of_a_secret_is_copied_or_shown(sentence: str) -> None:
    converted = convert(FILES[sentence].encode(), "job.yaml")
    shown = [(each.message, each.hint, each.position and each.position.text) for each in converted.unmatched]
    assert CANARY not in f"{converted.text} {shown}"
    assert "fit.py" in converted.text
