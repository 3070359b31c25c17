"""Literal paths that are not among the outputs, and those that look like it and are: each by a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import in_short, said_of

PARSER = "import argparse\np = argparse.ArgumentParser()\n"
TABLE: dict[str, tuple[str, str, list[str]]] = {
    "Horovod's own Keras example": (
        "",
        "c.append(keras.callbacks.ModelCheckpoint('./checkpoint-{epoch}.h5'))\n",
        ["1:42 write 'outputs/checkpoint-{epoch}.h5'"],
    ),
    "Horovod's own TensorFlow 2 example": (
        "",
        "checkpoint_dir = './checkpoints'\ncheckpoint.save(checkpoint_dir)\n",
        ["1:18 write 'outputs/checkpoints'"],
    ),
    "an estimator's model, on the first rank only": (
        "",
        "d = './model' if hvd.rank() == 0 else None\ntf.estimator.Estimator(f, model_dir=d)\n",
        ["1:5 write 'outputs/model'"],
    ),
    "a model that Keras exports": (
        "",
        "m.export('export/1')\na.write_out(filepath='served')\nexport('name')\n",
        ["1:10 write 'outputs/export/1'", "2:22 write 'outputs/served'"],
    ),
    "a session's checkpoints": (
        "",
        "tf.train.MonitoredTrainingSession(checkpoint_dir='/tmp/train_logs')\n",
        ["1:50 write 'outputs/train_logs'"],
    ),
    "a path that is joined": (
        "",
        "import os\nOUT = '/tmp/run'\nmodel.save(os.path.join(OUT, 'm.keras'))\n",
        ["2:7 write 'outputs/run/m.keras'"],
    ),
    "a default that is joined": (
        "",
        PARSER + "p.add_argument('--model-dir', default='models')\na = p.parse_args()\n"
        "model.save(os.path.join(a.model_dir, 'm.keras'))\n",
        ["3:39 write 'outputs/models'"],
    ),
    "names that are made of one another": (
        "",
        "import os\na0 = 'x'\n"
        + "".join(f"a{i} = os.path.join({', '.join([f'a{i - 1}'] * 60)})\n" for i in range(1, 10))
        + "open(a9, 'w')\n",
        [],
    ),
    "a path with / between its parts": (
        "",
        "from pathlib import Path\n(Path('/tmp') / 'a.txt').write_text('x')\n",
        ["2:7 write 'outputs/a.txt'"],
    ),
    "a path that is known up to a number": (
        "",
        "np.save(f'weights-{n}.npy', w)\n",
        ["1:9 write 'outputs/weights-….npy'"],
    ),
    "a path of which the folder and the end are known": (
        "",
        "open(f'/tmp/{name}.h5', 'w')\n",
        ["1:6 write 'outputs/….h5'"],
    ),
    "a path of which the folder is known": ("", "open(f'/tmp/{name}', 'w')\n", ["1:6 write 'outputs/…'"]),
    "logs for TensorBoard": ("", "keras.callbacks.TensorBoard(log_dir='/tmp/tb')\n", ["1:37 write 'logs/tb'"]),
    "tables and pictures": (
        "",
        "df.to_csv('a.csv')\nplt.savefig('b.png')\n",
        ["1:11 write 'outputs/a.csv'", "2:13 write 'outputs/b.png'"],
    ),
    "a home": ("", "open('~/x', 'w')\n", ["1:6 write 'outputs/x'"]),
    "beside its folder": ("", "open('../x', mode='a')\n", ["1:6 write 'outputs/x'"]),
    "a saver's second argument": ("", "saver.save(sess, 'model.ckpt')\n", ["1:18 write 'outputs/model.ckpt'"]),
    "a picture's format": ("", "image.save(file, 'PNG')\nmodel.save(path, 'tf')\n", []),
    "in a column that counts letters, not bytes": ("", "ä = open('b', 'w')\n", ["1:10 write 'outputs/b'"]),
    "the data of Horovod's ImageNet examples": (
        "script_params: {--val-dir: /imagenet/validation}\n",
        PARSER + "p.add_argument('--train-dir', default='~/imagenet/train')\np.add_argument('--val-dir')\n",
        [],
    ),
    "an argument's default": (
        "",
        PARSER + "p.add_argument('--job-dir', default='/tmp/job')\n",
        ["3:37 write script_params: {--job-dir: ${TFINFRA_OUTPUTS}}, or the default 'outputs/job'"],
    ),
    "an argument's default, used by another name": (
        "",
        PARSER + "p.add_argument('-m', '--where', default='m')\na = p.parse_args()\nmodel.save_weights(a.where)\n",
        ["3:41 write 'outputs/m'"],
    ),
    "a default that the manifest replaces": (
        "script_params: {--job-dir: '${TFINFRA_OUTPUTS}'}\n",
        PARSER + "p.add_argument('--job-dir', default='/tmp/job')\n",
        [],
    ),
    "an argument of the manifest's": (
        "script_params: {--model_dir: /tmp/model}\n",
        "print()\n",
        ["2:30 write ${TFINFRA_OUTPUTS}/model"],
    ),
    "a default that may be joined to anything": ("", PARSER + "p.add_argument('--log-dir', default='tb')\n", []),
    "an argument that is read": ("script_params: {--data-dir: /data}\n", "print()\n", []),
    "in the outputs": ("", "model.save('outputs/m.keras')\nopen('./logs/x', 'w')\n", []),
    "an address": ("", "model.save('gs://bucket/m')\n", []),
    "nothing and the terminal": ("", "open('/dev/null', 'w')\nopen('/dev/stdout', 'w')\n", []),
    "a computed path": ("", "import os\nmodel.save(os.path.join(os.environ['OUT'], 'm'))\nopen(f'{d}/x', 'w')\n", []),
    "a file that is read": ("", "open('a.txt')\nopen('b', 'rb')\nnp.load('c.npy')\n", []),
    "a cache of the script's own": (
        "",
        "import os\nif not os.path.exists('c.npy'):\n    np.save('c.npy', x)\nx = np.load('c.npy')\n",
        [],
    ),
    "a buffer": ("", "df.to_csv()\nplt.savefig(buffer)\nmodel.save(path)\n", []),
    "a text that is no path": ("", "socket.send('x')\nf.write('y')\nlog.save()\n", []),
    "a name that is assigned twice": ("", "p = '/tmp/a'\np = find()\nmodel.save(p)\n", []),
    "after chdir, a relative path": ("", "import os\nos.chdir(d)\nopen('x', 'w')\n", []),
    "in a function that nothing calls": ("", "def f():\n    open('x', 'w')\n", []),
    "in a function that is called": ("", "def f():\n    open('x', 'w')\nf()\n", ["2:10 write 'outputs/x'"]),
    "in a method that Keras calls": (
        "",
        "class C(Callback):\n    def on_epoch_end(self, e, logs):\n        open('x', 'w')\n",
        ["3:14 write 'outputs/x'"],
    ),
    "what may begin as outputs does": ("", "open(f'out{x}', 'w')\n", []),
}


@pytest.mark.parametrize(("manifest", "script", "expected"), TABLE.values(), ids=TABLE.keys())
def test_what_is_said(tmp_path: Path, manifest: str, script: str, expected: list[str]) -> None:
    found = [d for d in said_of(tmp_path, {"train.py": script}, manifest) if d.code in ("TFI525", "TFI526")]
    assert [f"{d.position.line}:{d.position.column} {d.hint}" for d in found if d.position] == expected
    assert all(d.severity == "warning" for d in found)


def test_a_module_that_runs_as_a_program_too_does_not_do_so_here(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "train.py": "import part\npart.go()\n",
        "part.py": "def go():\n    open('x', 'w')\nif __name__ == '__main__':\n    open('y', 'w')\n",
    }
    assert in_short(said_of(tmp_path, files)) == ["warning TFI525 part.py:2:10"]


def test_what_is_only_given_a_folder_does_not_write(tmp_path: Path) -> None:
    (found,) = said_of(tmp_path, {"train.py": "config = config.replace(model_dir='/tmp/model')\n"})
    assert found.message.startswith("model_dir is '/tmp/model', which is not among the outputs")


def test_how_many_are_left_out(tmp_path: Path) -> None:
    script = "".join(f"open('f{number}.txt', 'w')\n" for number in range(14))
    found = said_of(tmp_path, {"train.py": script})
    assert len(found) == 10
    assert found[-1].message.endswith("; so do 4 more of the script's")


FATES = {
    "a name": ("open('/tmp/a', 'w')", "{}", False),
    "a name's begin": ("open(f'/tmp/a{x}', 'w')", "{}", False),
    "a name's end": ("open(f'/tmp/{x}.h5', 'w')", "{}", False),
    "nothing of a name": ("open(f'/tmp/{x}', 'w')", "{}", True),
    "a folder that others use too": ("keras.callbacks.TensorBoard(log_dir='/tmp')", "{}", True),
    "nothing of a name, on machines of the run's own": (
        "open(f'/tmp/{x}', 'w')",
        "{cloud: azure, subscription_id: 00000000-0000-0000-0000-000000000000, vm_size: Standard_D8s_v5}",
        False,
    ),
}


@pytest.mark.parametrize(("script", "target", "lost"), FATES.values(), ids=FATES)
def test_what_becomes_of_it_is_what_the_nodes_do(tmp_path: Path, script: str, target: str, lost: bool) -> None:
    manifest = f"compute_target: {target}\n" if target != "{}" else ""
    (said,) = [one for one in said_of(tmp_path, {"train.py": f"{script}\n"}, manifest) if one.code == "TFI525"]
    assert ("nothing from a machine that is a process" in said.message) == lost
