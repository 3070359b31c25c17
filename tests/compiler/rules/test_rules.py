"""Rules across keys, against the catalog, the disk and the script: each by a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.manifests import HOROVOD, checked, codes
from tfinfra.compiler.load import project_from_arguments
from tfinfra.compiler.pipeline import check_manifest
from tfinfra.errors import ManifestError, NotFeasible, Severity

GPU = "use_gpu: true\nvm_size: Standard_NC64as_T4_v3\n"
PS = "distributed_backend: ps\ntf_config: cluster_spec\n"
ESTIMATOR = "import tensorflow as tf\ntf.estimator.train_and_evaluate(None, None, None)\n"
COORDINATOR = "from tensorflow.distribute import ParameterServerStrategy as P\nstrategy = P(None)\n"
CLUSTER = "import tensorflow as tf\ntf.train.ClusterSpec({})\n"
MULTI = "distributed_backend: multi_worker\n"
RESOLVER = "import tensorflow as tf\ntf.distribute.cluster_resolver.TFConfigClusterResolver()\n"
FIT = "tf.keras.Sequential().fit()\n"
WORKERS = "import tensorflow as tf\ntf.distribute.MultiWorkerMirroredStrategy()\n"

TABLE: dict[str, tuple[str, str, list[str]]] = {
    "a module in a package's place": ("pip_packages: [cv2, Pillow, tqdm, PyYAML]\n", "print()", ["TFI344"]),
    "another tool's template": ("script_params:\n  --epochs: ${{inputs.epochs}}\n", "print()", ["TFI343"]),
    "templates in a list, a flag and a variable": (
        "script_params:\n  --a: [1, '${{ inputs.a }}']\n  ${{x}}: 1\nenvironment_variables: {B: 'x${{b}}'}\n",
        "print()",
        ["TFI343", "TFI343", "TFI343"],
    ),
    "a plain manifest has nothing to say": ("", "print()", []),
    "another backend's key at its default is fine": ("worker_count: 1\nprocess_count_per_node: 1\n", "print()", []),
    "mpi's count under ps": (f"{PS}process_count_per_node: 2\n", CLUSTER, ["TFI301"]),
    "nodes without a backend": ("node_count: 2\n", "print()", ["TFI302"]),
    "ps fills its nodes exactly": (f"{PS}node_count: 3\nworker_count: 2\n", CLUSTER, []),
    "ps leaves a node idle": (f"{PS}node_count: 3\nworker_count: 1\n", CLUSTER, ["TFI303"]),
    "coordinator's chief does not fill a node of its own": (
        "distributed_backend: ps\ntf_config: coordinator\nnode_count: 4\nworker_count: 2\n",
        COORDINATOR,
        ["TFI303"],
    ),
    "a variable of tfinfra's in script_params": (
        "inputs: {data: {path: .}}\nscript_params: {--data: '${TFINFRA_INPUT_DATA}/x', '--out=${TFINFRA_OUTPUTS}': }\n",
        "print()",
        [],
    ),
    "a variable of an input that is not there": (
        "script_params: {--data: '${TFINFRA_INPUT_DATA}'}\n",
        "print()",
        ["TFI322"],
    ),
    "a mistyped variable, in a flag and a list": (
        "script_params: {'--out=${TFINFRA_OUTPUT}': , --all: [a, '${TFINFRA_RUNID}']}\n",
        "print()",
        ["TFI322", "TFI322"],
    ),
    "a variable whose brace is open, and one with a shell's default": (
        "script_params: {--out: '${TFINFRA_OUTPUTS', --id: '${TFINFRA_RUN_ID:-x}', --own: '${TFINFRA_X:-y}'}\n",
        "print()",
        ["TFI323", "TFI323"],
    ),
    "a variable that no brace marks": ("script_params: {--out: $TFINFRA_OUTPUTS}\n", "print()", ["TFI323"]),
    "one of an input that is not there": ("script_params: {--data: $TFINFRA_INPUT_DATA/x}\n", "print()", ["TFI323"]),
    "a variable in small letters, and one as Windows has it": (
        "script_params: {--out: '${tfinfra_outputs}', --id: '%TFINFRA_RUN_ID%'}\n",
        "print()",
        ["TFI323", "TFI323"],
    ),
    "a variable with blanks in its braces": ("script_params: {--out: '${ TFINFRA_OUTPUTS }'}\n", "print()", ["TFI323"]),
    "variables of tfinfra's in the script's own": (
        "inputs: {data: {path: .}}\nenvironment_variables: {A: '${TFINFRA_OUTPUTS}/x', B: '$TFINFRA_INPUT_DATA'}\n",
        "print()",
        ["TFI323", "TFI323"],
    ),
    "variables of others in the script's own": (
        "environment_variables: {A: '${HOME}/x', B: '${TFINFRA_MINE}', C: '{tfinfra_outputs}'}\n",
        "print()",
        [],
    ),
    "a template of the script's own": (
        "script_params: {--template: '{tfinfra_name} %TFINFRA_FOO% $TFINFRA_X'}\n",
        "print()",
        [],
    ),
    "variables of others are the script's own": ("script_params: {--x: '${HOME}$PATH ${oc.env:A}'}\n", "print()", []),
    "horovod fits mpi": ("distributed_backend: mpi\nnode_count: 2\n", HOROVOD, []),
    "horovod without mpi": ("", HOROVOD, ["TFI503", "TFI510"]),
    "a script that starts ranks of its own": (
        "distributed_backend: mpi\nnode_count: 2\n",
        f"{HOROVOD}import horovod\nhorovod.run(print, np=2)\n",
        ["TFI535"],
    ),
    "the same of one task": (
        "distributed_backend: mpi\n",
        f"{HOROVOD}from horovod import run\nrun(print, np=2)\n",
        ["TFI535"],
    ),
    "mpi without horovod": ("distributed_backend: mpi\n", "print()", ["TFI506"]),
    "auto says why it chose estimator": ("distributed_backend: ps\n", ESTIMATOR, ["TFI310"]),
    "auto says why it chose coordinator": ("distributed_backend: ps\n", COORDINATOR, ["TFI310"]),
    "estimator under cluster_spec": (PS, ESTIMATOR, ["TFI503"]),
    "estimator alone is fine": ("", ESTIMATOR, []),
    "ParameterServerStrategy without ps": ("", COORDINATOR, ["TFI503"]),
    "ClusterSpec under mpi": ("distributed_backend: mpi\n", HOROVOD + CLUSTER, []),
    "ClusterSpec without ps": ("", CLUSTER, ["TFI503"]),
    "MultiWorkerMirroredStrategy alone is one worker": ("", WORKERS, []),
    "MultiWorkerMirroredStrategy under ps": (PS, WORKERS, ["TFI503"]),
    "MultiWorkerMirroredStrategy under ps, where no dialect fits": (
        "distributed_backend: ps\n",
        WORKERS,
        ["TFI503"],
    ),
    "MultiWorkerMirroredStrategy under multi_worker": (f"{MULTI}node_count: 2\n", WORKERS, []),
    "multi_worker without its strategy": (MULTI, "print()", ["TFI506"]),
    "multi_worker whose script reads TF_CONFIG by TensorFlow's own means": (MULTI, RESOLVER, []),
    "Horovod under multi_worker": (MULTI, HOROVOD + WORKERS, ["TFI503", "TFI510"]),
    "ParameterServerStrategy under multi_worker": (MULTI, COORDINATOR, ["TFI503", "TFI506"]),
    "a script with both strategies fits either": (MULTI, COORDINATOR + WORKERS, []),
    "ps's count under multi_worker": (f"{MULTI}worker_count: 2\n", WORKERS, ["TFI301"]),
    "Keras 3 under MultiWorkerMirroredStrategy": (
        f"{MULTI}node_count: 2\nframework_version: 2.16.2\n",
        WORKERS + FIT,
        ["TFI507"],
    ),
    "tf-keras under MultiWorkerMirroredStrategy": (
        f"{MULTI}node_count: 2\nframework_version: 2.16.2\npip_packages: [tf-keras]\n"
        "environment_variables: {TF_USE_LEGACY_KERAS: 1}\n",
        WORKERS + FIT,
        [],
    ),
    "a strategy beside a cluster of one's own, under ps": (
        "distributed_backend: ps\n",
        CLUSTER + WORKERS,
        ["TFI310", "TFI503"],
    ),
    "a cluster of one's own under multi_worker": (MULTI, CLUSTER, []),
    "two strategies alone": ("", WORKERS + COORDINATOR, []),
    "an estimator under mpi that meets by mpi4py": (
        "distributed_backend: mpi\npip_packages: [mpi4py]\n",
        "import mpi4py\n" + ESTIMATOR,
        [],
    ),
    "Keras itself is Keras 3, whatever TensorFlow's is": (
        f"{MULTI}node_count: 2\nframework_version: 2.16.2\npip_packages: [tf-keras]\n"
        "environment_variables: {TF_USE_LEGACY_KERAS: 1}\n",
        WORKERS + "import keras\nkeras.Sequential().fit()\n",
        ["TFI507"],
    ),
    "tf-keras that nobody installs": (
        f"{MULTI}node_count: 2\nframework_version: 2.16.2\nenvironment_variables: {{TF_USE_LEGACY_KERAS: 1}}\n",
        WORKERS + FIT,
        ["TFI521"],
    ),
    "too many nodes are said once": ("distributed_backend: mpi\nnode_count: 20000\n", HOROVOD, ["TFI411"]),
    "InfiniBand that idles without GPUs": (
        f"{MULTI}node_count: 2\nvm_size: Standard_HB120rs_v3\n",
        WORKERS,
        ["TFI418"],
    ),
    "a worker on each node takes all its GPUs": (f"{GPU}{MULTI}", WORKERS, []),
    "tf.estimator after its end": ("framework_version: 2.16.2\n", ESTIMATOR, ["TFI505"]),
    "a TensorFlow that is newer than the catalog": ("framework_version: 2.22.0\n", "print()", ["TFI415"]),
    "a TensorFlow of years ahead": ("framework_version: 2.151\n", "print()", ["TFI430"]),
    "a major version that does not exist": ("framework_version: 3.0\n", "print()", ["TFI430"]),
    "a patch that was never released": ("framework_version: 2.15.2\n", "print()", ["TFI430"]),
    "a patch that may yet come": ("framework_version: 2.20.1\n", "print()", []),
    "a pre-release": ("framework_version: 2.16rc0\n", "print()", []),
    "a pre-release of a Python": ("python_version: 3.11.0rc1\n", "print()", []),
    "a TensorFlow 2 that is too old": ("framework_version: 2.4\n", "print()", ["TFI407"]),
    "the estimator's dialect with a TensorFlow newer than the catalog": (
        "framework_version: 2.22\ndistributed_backend: ps\ntf_config: estimator\n",
        CLUSTER,
        ["TFI415", "TFI410", "TFI503"],
    ),
    "Keras 3 under ParameterServerStrategy": (
        "framework_version: 2.16.2\ndistributed_backend: ps\ntf_config: coordinator\n",
        COORDINATOR + "import tensorflow as tf\ntf.keras.Sequential().fit()\n",
        ["TFI507"],
    ),
    "Keras 3 under MultiWorkerMirroredStrategy with one worker": (
        f"{MULTI}framework_version: 2.16.2\n",
        WORKERS + FIT,
        [],
    ),
    "compat.v1 names are no TensorFlow 1 names": ("", "import tensorflow.compat.v1 as tf\ntf.Session()\n", []),
    "every worker has GPUs": (f"{GPU}{PS}worker_count: 4\n", CLUSTER, []),
    "three workers leave one of four GPUs idle": (f"{GPU}{PS}worker_count: 3\n", CLUSTER, ["TFI412"]),
    "fewer ranks than GPUs": (f"{GPU}distributed_backend: mpi\n", HOROVOD, ["TFI412"]),
    "more workers than GPUs": (f"{GPU}{PS}worker_count: 5\n", CLUSTER, ["TFI312"]),
    "GPUs that nobody asked for": ("vm_size: Standard_NC64as_T4_v3\n", "print()", ["TFI412"]),
    "an AMD GPU": ("use_gpu: true\nvm_size: Standard_ND96isr_MI300X_v5\n", "print()", ["TFI405"]),
    "an arm64 host": ("use_gpu: true\nvm_size: Standard_ND128isr_NDR_GB200_v6\n", "print()", ["TFI414"]),
    "eleven thousand ranks": (
        "distributed_backend: mpi\nnode_count: 11\nprocess_count_per_node: 1000\n",
        HOROVOD,
        ["TFI314"],
    ),
    "more than a scale set": ("distributed_backend: mpi\nnode_count: 1001\n", HOROVOD, ["TFI411"]),
    "a hold beyond the deadline": ("limits: {max_run_duration: 10m}\non_failure: {hold: 20m}\n", "print()", ["TFI315"]),
    "a run that lasts longer than a year": ("limits: {max_run_duration: 366d}\n", "print()", ["TFI205"]),
    "vm_priority alone": ("vm_priority: dedicated\n", "print()", ["TFI317"]),
    "an azure target without a size": ("compute_target: {cloud: azure}\n", "print()", ["TFI402"]),
    "an unknown target": ("compute_target: pool\n", "print()", ["TFI401"]),
    "a script with NUL bytes": ("", "print()\0", ["TFI501"]),
    "a script nested beyond the parser": ("", "(" * 5000 + ")" * 5000, ["TFI501"]),
}


@pytest.mark.parametrize("sentence", TABLE)
def test_rules(sentence: str, tmp_path: Path) -> None:
    text, script, expected = TABLE[sentence]
    assert codes(tmp_path, text, script) == expected


def test_all_errors_come_at_once_in_file_order(tmp_path: Path) -> None:
    text = "use_gpu: maybe\nworker_cout: 2\npip_packages: [horovod]\ntags: {tfinfra-x: 1}\ncompute_target: no\n"
    assert codes(tmp_path, text) == ["TFI202", "TFI203", "TFI313", "TFI306", "TFI202"]


def test_a_size_without_gpu_is_not_feasible_and_in_a_rehearsal_a_notice(tmp_path: Path) -> None:
    text = "use_gpu: true\nvm_size: Standard_D8s_v5\n"
    with pytest.raises(NotFeasible):
        checked(tmp_path, text)
    (notice,) = checked(tmp_path, text, rehearse=True).diagnostics
    assert (notice.code, notice.severity) == ("TFI405", Severity.NOTICE)


def test_an_error_of_the_manifest_outranks_one_of_feasibility(tmp_path: Path) -> None:
    with pytest.raises(ManifestError):
        checked(tmp_path, "use_gpu: true\nvm_size: Standard_D8s_v5\nenvironment_variables: {HOME: x}\n")


def test_auto_says_where_the_script_makes_its_own_cluster(tmp_path: Path) -> None:
    (notice,) = checked(tmp_path, "distributed_backend: ps\n", CLUSTER).diagnostics
    assert notice.message == "tf_config is cluster_spec: train.py:2 uses tf.train.ClusterSpec"


def test_auto_reads_the_scripts_own_modules_too(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "__init__.py").write_text("")
    (tmp_path / "parts" / "model.py").write_text(f"\n{ESTIMATOR}")
    found = checked(tmp_path, "distributed_backend: ps\n", "from parts import model\n")
    assert found.spec.dialect == "estimator"
    assert [d.message for d in found.diagnostics if d.code == "TFI310"] == [
        "tf_config is estimator: parts/model.py:3 uses tf.estimator"
    ]


def test_a_script_that_leaves_its_source_directory_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text("")
    source = tmp_path / "src"
    source.mkdir()
    (source / "link.py").symlink_to(outside)
    with pytest.raises(ManifestError) as caught:
        check_manifest(project_from_arguments({"entry_script": "link.py"}, name="x", folder=source))
    assert caught.value.diagnostics[0].code == "TFI307"


def test_errors_from_python_name_the_argument(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print()\n")
    arguments = {"source_directory": str(tmp_path), "entry_script": "train.py", "node_count": 2, "worker_count": 3}
    with pytest.raises(ManifestError) as caught:
        check_manifest(project_from_arguments(arguments, name="My Run", folder=tmp_path))
    found = [(d.path, d.position) for d in caught.value.diagnostics if d.is_error]
    assert found == [("", None), ("node_count", None), ("worker_count", None)]


def test_a_target_file_beside_the_manifest_is_preferred_to_the_configured_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(tmp_path / "conf"))
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/compute_targets.yaml").write_text(
        "pool: {vm_size: Standard_D2s_v5}\nother: {vm_size: Standard_D4s_v5}\n"
    )
    (tmp_path / "compute_targets.yaml").write_text("pool: {vm_size: Standard_D8s_v5, location: westeurope}\n")
    assert checked(tmp_path, "compute_target: pool\n").spec.target.vm_size == "Standard_D8s_v5"
    assert checked(tmp_path, "compute_target: other\n").spec.target.vm_size == "Standard_D4s_v5"
    assert checked(tmp_path, "compute_target: pool\n", target="local").spec.target.cloud == "local"
