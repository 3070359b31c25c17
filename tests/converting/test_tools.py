"""Other tools' files become manifests, and what has no equivalent is listed with its line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.converting.shapes import SHAPES, job, pods
from tfinfra.converting.tools import Converted, convert
from tfinfra.errors import ManifestError
from tfinfra.manifest.reading.reader import read_document
from tfinfra.manifest.shape import manifest_errors
from tfinfra.text.credentials import names_secret


def made(sentence: str) -> Converted:
    file, text, _, _ = SHAPES[sentence]
    return convert(text.encode(), file)


@pytest.mark.parametrize("sentence", SHAPES)
def test_a_file_of_another_tool_becomes_a_manifest(sentence: str) -> None:
    document, _ = read_document(made(sentence).text.encode(), "train.yaml")
    file, _, keys, _ = SHAPES[sentence]
    assert document.data == {"name": file.partition(".")[0], **keys}


@pytest.mark.parametrize("sentence", SHAPES)
def test_what_has_no_equivalent_is_listed_with_its_line(sentence: str) -> None:
    found = made(sentence).unmatched
    listed = SHAPES[sentence][3]
    assert [each.position.line for each in found if each.position] == [line for line, _ in listed]
    assert all(any(each.message.startswith(what) for each in found) for _, what in listed), found


@pytest.mark.parametrize("sentence", SHAPES)
def test_a_manifest_that_is_made_has_the_shape_of_one(sentence: str) -> None:
    document, faults = read_document(made(sentence).text.encode(), "train.yaml")
    missing = [] if "entry_script" in SHAPES[sentence][2] else ["TFI201"]
    assert [each.code for each in (*faults, *manifest_errors(document))] == missing


@pytest.mark.parametrize("sentence", [sentence for sentence in SHAPES if "hunter2" in SHAPES[sentence][1]])
def test_no_value_of_a_secret_is_copied(sentence: str) -> None:
    converted = made(sentence)
    assert "hunter2" not in f"{converted.text} {[(d.message, d.hint) for d in converted.unmatched]}"


NAMES = {
    "API_KEY": True, "apiKey": True, "HF_TOKEN": True, "db_password": True, "CLIENT_SECRET": True, "token": True,
    "AWS_ACCESS_KEY_ID": True, "MYPASSWORD": True, "KEYBOARD": False,
    "tokenizer": False, "max_tokens": False, "monkey": False, "DEPTH": False,
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_says_whether_its_value_is_a_secret(name: str) -> None:
    assert names_secret(name) is NAMES[name]


def test_commands_stand_as_comments_without_secrets() -> None:
    text = "setup: |\n  export WANDB_API_KEY=hunter2\n  wandb login hunter2\n  make\nrun: python fit.py\n"
    converted = convert(text.encode(), "task.yaml")
    assert "#   wandb login ***\n#   make\n" in converted.text
    assert "secrets: [WANDB_API_KEY]" in converted.text
    assert "hunter2" not in converted.text


def test_a_misspelt_key_is_met_with_the_one_that_is_meant() -> None:
    text = "command: python fit.py\ncode: src\ncompute: local\nlimits: {time_out: 60}\ndescription: a digit\n"
    converted = convert(text.encode(), "job.yml")
    assert [each.hint for each in converted.unmatched] == ["did you mean 'timeout'?"]
    assert "# description:\n#   a digit\n" in converted.text


@pytest.mark.parametrize("indent", [1, None])
@pytest.mark.parametrize("whole", [True, False])
def test_a_notebook_is_read_by_its_cells(indent: int | None, whole: bool) -> None:
    code = (
        "%matplotlib inline\nif True:\n    !pip install x\n\n"
        "est = TensorFlow(source_directory='src',\n    entry_script='fit.py',\n    user='é')\n"
    )
    source: Any = code if whole else code.splitlines(keepends=True)
    cells = [
        {"cell_type": "markdown", "source": ["entry_script='a.py'"]},
        {"cell_type": "code", "source": ["%%bash\n", "entry_script='b.py' ls |\n"]},
        {"cell_type": "code", "source": source, "outputs": [{"text": "entry_script='a.py'"}]},
    ]
    text = json.dumps({"cells": cells, "nbformat": 4}, indent=indent)
    converted = convert(text.encode(), "est.ipynb")
    assert "source_directory: src\nentry_script: fit.py\n" in converted.text
    (found,) = converted.unmatched
    assert found.message == "'user' has no equivalent"
    assert found.position is not None
    assert "user=" in text.split("\n")[found.position.line - 1]


def test_a_line_of_python_may_begin_as_a_notebooks_own() -> None:
    converted = convert(b"name = ('%s.py'\n    % 'fit')\nTensorFlow(entry_script='fit.py', node_count=2)\n", "a.py")
    assert "entry_script: fit.py\nnode_count: 2\n" in converted.text


def test_each_data_of_an_estimator_is_an_input_of_its_own() -> None:
    flags = "'--a': one.as_mount(), '--b': two.as_mount(), '--c': one.as_mount()"
    converted = convert(f"TensorFlow(entry_script='fit.py', script_params={{{flags}}})\n".encode(), "a.py")
    data = read_document(converted.text.encode(), "train.yaml")[0].data
    one, two = "${TFINFRA_INPUT_DATA}", "${TFINFRA_INPUT_DATA_2}"
    assert data["script_params"] == {"--a": one, "--b": two, "--c": one}
    assert [*data["inputs"]] == ["data", "data_2"]


def test_a_command_stands_as_it_was_written() -> None:
    line = "mpirun -np 2 -x NCCL_DEBUG=INFO -x HF_TOKEN=hunter2 python fit.py --n 3"
    text = f"workdir: .\nrun: |\n  ADDR=$(echo $SKYPILOT_NODE_IPS | head -n1)\n  {line}\n"
    converted = convert(text.encode(), "task.yaml")
    assert "#   ADDR=$(echo $SKYPILOT_NODE_IPS | head -n1)\n" in converted.text
    assert "#   mpirun -np 2 -x NCCL_DEBUG=INFO -x HF_TOKEN=*" in converted.text
    assert "hunter2" not in converted.text


def test_a_mounted_path_is_met_with_the_inputs_variable() -> None:
    container = "{name: t, command: [python, fit.py, --d=/data], volumeMounts: [{name: d, mountPath: /data}]}"
    (found,) = convert(job("TFJob", pods("Worker", 1, container)).encode(), "job.yaml").unmatched
    assert found.hint is not None
    assert found.hint.endswith("${TFINFRA_INPUT_DATA} where the command has '/data'")


REFUSED = {
    "a manifest": ("train.yaml", "entry_script: train.py\n", "this is a manifest already"),
    "a file of no tool": ("a.yaml", "services: {web: {image: a}}\n", "this file is of no tool that is known"),
    "an experiment of Katib": (
        "a.yaml",
        "apiVersion: kubeflow.org/v1beta1\nkind: Experiment\n",
        "an experiment of Katib",
    ),
    "a sweep of W&B": ("a.yaml", "method: grid\nmetric: {name: a}\nparameters: {}\n", "a sweep of Weights & Biases"),
    "a file of Azure ML that is no job": (
        "a.yml",
        "$schema: https://azuremlschemas.azureedge.net/latest/batchEndpoint.schema.json\ntype: command\n",
        "this is a file of Azure ML, and no job: batchEndpoint",
    ),
    "a notebook without cells": ("a.ipynb", "{}", "a notebook is JSON"),
    "a notebook that is no JSON": ("a.ipynb", "[" * 50_000, "a notebook is JSON"),
    "a notebook without an estimator": ("a.ipynb", '{"cells": [{}, 1, {"cell_type": "code"}]}', "no estimator"),
    "a notebook of odd code": ("a.ipynb", '{"cells": [{"cell_type": "code", "source": "x ="}]}', "this is not Python"),
    "Python without an estimator": ("a.py", "print(1)\n", "no estimator"),
    "what is not Python": ("a.py", "x =\n", "this is not Python: invalid syntax"),
    "Python that is nested too deep": ("a.py", "(" * 5000 + ")" * 5000, "this is not Python"),
    "too many values": ("a.yaml", f"run: a\nenvs: [{', '.join('x' * 20_001)}]\n", "the file holds more than 20,000"),
    "an anchor that multiplies": ("a.yaml", "a: &a [*a]\n", "contains itself"),
    "too large a file": ("a.py", "#" * 1_000_001, "the file is larger than 1 MB"),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_is_no_file_of_a_known_tool_is_refused_at_its_line(sentence: str) -> None:
    file, text, expected = REFUSED[sentence]
    with pytest.raises(ManifestError) as refused:
        convert(text.encode(), file)
    (found,) = refused.value.diagnostics
    assert expected in found.message
    assert found.position is not None


YAML_SHAPES = [text for file, text, _, _ in SHAPES.values() if not file.endswith(".py")]
ODD = [None, 5, True, "x", [1], {"a": 1}, [{"a": 1}], "$(A) ${{inputs.q}}"]


@given(st.sampled_from(YAML_SHAPES), st.integers(0, 200), st.sampled_from(ODD))
def test_a_file_with_an_odd_value_is_a_manifest_or_refused(text: str, place: int, odd: object) -> None:
    holder: dict[str, Any] = {"": yaml.safe_load(text)}
    places = [*_places(holder)]
    inside, key = places[place % len(places)]
    inside[key] = odd
    try:
        converted = convert(yaml.safe_dump(holder[""]).encode(), "job.yml")
    except ManifestError as refused:
        assert refused.diagnostics
    else:
        read_document(converted.text.encode(), "train.yaml")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each place in nested data: what it is in, and its key or index there."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield value, key
        yield from _places(inner)


@given(st.text(alphabet="run: command-{}[]'\"\n$|&*#x", max_size=80), st.sampled_from(["a.yaml", "a.py"]))
def test_any_text_is_a_manifest_or_refused(text: str, file: str) -> None:
    begin = "run: python a.py\nsetup: |\n" if file == "a.yaml" else "TensorFlow(entry_script='a.py')\n"
    try:
        converted = convert((begin + text).encode(), file)
    except ManifestError as refused:
        assert refused.diagnostics
    else:
        read_document(converted.text.encode(), "train.yaml")
