"""Files of other tools whose manifest could mean something else than they do:
{sentence: (text, keys that the manifest has, keys that it has not, what is listed with its line)}."""

from __future__ import annotations

from typing import Any

from tests.converting.shapes import job, pods

Row = tuple[str, dict[str, Any], set[str], list[tuple[int, str]]]
_CD = "a run starts in source_directory"
_COMMAND = "this command has no equivalent"
_ONE = "a manifest starts one script"


def aml(command: str, more: str = "") -> str:
    return f"command: {command}\ncode: src\ncompute: local\n{more}"


def task(run: str, more: str = "workdir: src\n") -> str:
    return f"{more}run: |\n" + "".join(f"  {line}\n" for line in run.splitlines())


ROWS: dict[str, Row] = {
    "a subshell": (
        task("(cd code && python fit.py --n 3)"),
        {"entry_script": "code/fit.py", "script_params": {"--n": 3}},
        set(),
        [(3, _CD)],
    ),
    "variables before the command": (
        task("A=1 B=$(nproc) PATH=x python fit.py"),
        {"environment_variables": {"A": 1}},
        set(),
        [(3, "the value of B is made"), (3, "the variable PATH is left out")],
    ),
    "a time that is none": (aml("python fit.py", "limits: {timeout: soon}\n"), {}, {"limits"}, [(4, "limits.timeout")]),
    "what a pod may take, and that it is tried again": (
        job(
            "TFJob",
            pods(
                "Worker", 1, "{name: t, command: [python, fit.py], resources: {limits: {cpu: 4}, requests: {cpu: 2}}}"
            ),
            "  runPolicy: {backoffLimit: 3}\n",
        ).replace("replicas: 1", "replicas: 1, restartPolicy: OnFailure"),
        {"entry_script": "fit.py"},
        set(),
        [(6, "'backoffLimit' has no"), (8, "restartPolicy: OnFailure has no"), (8, "'limits.cpu' has no")],
    ),
    "a script below another folder": (
        task("cd code && python train.py"),
        {"entry_script": "code/train.py"},
        set(),
        [(3, _CD)],
    ),
    "folders one after the other": (
        task("cd a\ncd ../b/./c\npython fit.py"),
        {"entry_script": "b/c/fit.py"},
        set(),
        [(3, _CD), (4, _CD)],
    ),
    "SkyPilot's own folder": (
        task("cd ~/sky_workdir/code\npython fit.py"),
        {"entry_script": "code/fit.py"},
        set(),
        [(3, _CD)],
    ),
    "a folder of the machine": (task("cd /opt/code\npython fit.py"), {"entry_script": "fit.py"}, set(), [(3, _CD)]),
    "a folder that a variable names": (task("cd $WHERE\npython fit.py"), {"entry_script": "fit.py"}, set(), [(3, _CD)]),
    "a folder after the training": (task("python fit.py\ncd out"), {"entry_script": "fit.py"}, set(), [(4, _CD)]),
    "a folder before a module": (task("cd code\npython -m pkg.fit"), {"entry_script": "-m pkg.fit"}, set(), [(3, _CD)]),
    "a version in set-up": (
        task("python fit.py", "setup: pip install tensorflow==2.15 pandas\n"),
        {"framework_version": "2.15.1", "pip_packages": ["pandas"]},
        set(),
        [],
    ),
    "a release in the command": (
        aml("pip install 'tensorflow[and-cuda]==2.13.0' && python fit.py"),
        {"framework_version": "2.13.0"},
        {"pip_packages"},
        [],
    ),
    "a patch that came out after this tfinfra": (
        task("python fit.py", "setup: pip install tensorflow==2.21.7\n"),
        {"framework_version": "2.21.7"},
        set(),
        [],
    ),
    "a range of versions": (
        task("python fit.py", "setup: pip install 'tensorflow<2.16' horovod==0.28 tf-nightly\n"),
        {},
        {"framework_version", "pip_packages"},
        [(1, "'tensorflow<2.16' is not kept"), (1, "'horovod==0.28' is not kept"), (1, "'tf-nightly' is not kept")],
    ),
    "a version too old": (
        task("python fit.py", "setup: pip install tensorflow-gpu==1.15\n"),
        {},
        {"framework_version"},
        [(1, "'tensorflow-gpu==1.15' is not kept")],
    ),
    "a training and what is after it": (
        aml("python train.py --epochs 3 && python eval.py --x 1"),
        {"entry_script": "train.py", "script_params": {"--epochs": 3}},
        set(),
        [(1, f"{_ONE}: 'python eval.py --x 1'")],
    ),
    "what is before a training": (
        task("python prepare.py\npython train.py\npython eval.py"),
        {"entry_script": "train.py"},
        set(),
        [(3, _ONE), (5, _ONE)],
    ),
    "scripts of which none is called like a training": (
        task("python a.py\npython b.py"),
        {"entry_script": "a.py"},
        set(),
        [(4, _ONE)],
    ),
    "what a launcher starts": (
        task("python main.py\nhorovodrun -np 1 python b.py"),
        {"entry_script": "b.py"},
        set(),
        [(3, _ONE)],
    ),
    "a module that prepares": (
        task("python -m pip install numpy\npython -m spacy download en\npython b.py"),
        {"entry_script": "b.py", "pip_packages": ["numpy"]},
        set(),
        [(4, _COMMAND)],
    ),
    "a script folded over lines": (
        "workdir: a\nrun: >-\n  python train.py &&\n  python eval.py &&\n  python eval.py --x 2\n",
        {"entry_script": "train.py"},
        set(),
        [(4, _ONE), (5, _ONE)],
    ),
    "a script for each rank": (
        task('if [ "$R" == 0 ]; then python train.py --role chief; else python train.py --role worker; fi'),
        {"script_params": {"--role": "chief"}},
        set(),
        [(3, _COMMAND), (3, f"{_ONE}: 'else python train.py --role worker'")],
    ),
    "a variable of the command's own": (
        task('export LR=0.1\nN=3\npython fit.py --lr $LR --n ${N:-4} --s "a $N"'),
        {"script_params": {"--lr": 0.1, "--n": 3, "--s": "a 3"}, "environment_variables": {"LR": 0.1}},
        set(),
        [],
    ),
    "a variable that nobody knows": (
        task("python fit.py --lr $LR --n $(nproc) --out ${TFINFRA_OUTPUTS}/m"),
        {"script_params": {"--lr": "$LR", "--n": "$(nproc)", "--out": "${TFINFRA_OUTPUTS}/m"}},
        set(),
        [(3, "'$LR' of --lr has no value here"), (3, "'$(nproc)' of --n has no value here")],
    ),
    "a variable with two values": (
        task("N=1\nif true; then\nN=2\nfi\npython fit.py --n $N"),
        {"script_params": {"--n": "$N"}},
        set(),
        [(4, _COMMAND), (7, "'$N' of --n has no value here")],
    ),
    "a variable that is made": (
        task("export HERE=$(pwd)/a\npython fit.py"),
        {},
        {"environment_variables"},
        [(3, "the value of HERE is made")],
    ),
    "a variable with quotes": (
        task('python fit.py --j "$J" --k $J', "envs: {J: '{\"a\": 1}'}\n"),
        {"script_params": {"--j": '{"a": 1}', "--k": ['{"a":', "1}"]}},
        set(),
        [],
    ),
    "two commands with the same first word": (
        "setup: |\n  pip install -e .\n  pip install --index-url https://u:p@h/simple foo\nrun: python fit.py\n",
        {},
        {"pip_packages"},
        [(2, _COMMAND), (3, _COMMAND)],
    ),
    "the same command twice in a line": (
        "setup: make && make\nrun: python fit.py\n",
        {},
        set(),
        [(1, _COMMAND), (1, _COMMAND)],
    ),
    "a package with credentials": (
        "setup: pip install 'a @ https://u:p@h/a.whl'\nrun: python fit.py\n",
        {},
        {"pip_packages"},
        [(1, _COMMAND)],
    ),
    "an optional input without a value": (
        aml("python fit.py $[[--lr ${{inputs.lr}}]] --n 1", "inputs: {lr: {type: number, optional: true}}\n"),
        {"script_params": {"--n": 1}},
        {"inputs"},
        [],
    ),
    "an optional folder without a path": (
        aml("python fit.py $[[--d ${{inputs.d}}]]", "inputs: {d: {type: uri_folder, optional: true}}\n"),
        {},
        {"inputs", "script_params"},
        [],
    ),
    "an optional input with a value": (
        aml("python fit.py $[[--lr ${{inputs.lr}}]]", "inputs: {lr: {type: number, optional: true, default: 0.5}}\n"),
        {"script_params": {"--lr": 0.5}},
        {"inputs"},
        [],
    ),
    "an input that must be given": (
        aml("python fit.py --n ${{inputs.n}}", "inputs: {n: {type: integer}}\n"),
        {},
        {"inputs"},
        [(1, "'${{inputs.n}}' of --n"), (4, "the input 'n' has no value")],
    ),
    "a reference in quotes": (
        aml("python fit.py --p \"${{inputs.p}}\" --q ${{inputs.p}} --r '${{inputs.r}}'", "inputs: {p: a b, r: it's}\n"),
        {"script_params": {"--p": "a b", "--q": "a b", "--r": "it's"}},
        set(),
        [],
    ),
    "distributions in logarithms": (
        "type: sweep\ntrial:\n  command: >-\n"
        "    python fit.py --a ${{search_space.a}} --b ${{search_space.b}}\n"
        "    --c ${{search_space.c}} --d ${{search_space.d}}\nsearch_space:\n"
        "  a: {type: loguniform, min_value: -6, max_value: -1}\n"
        "  b: {type: lognormal, mu: 0, sigma: 1}\n"
        "  c: {type: qloguniform, min_value: 3, max_value: 6, q: 5}\n"
        "  d: {type: uniform, min_value: -6, max_value: 1}\n",
        {"script_params": {"--a": 0.00247875, "--b": 1.0, "--c": 20.0, "--d": -6}},
        set(),
        [(6, "the search is not kept, and the first values stand for it")],
    ),
    "an environment that is built": (
        aml("python fit.py", "environment:\n  name: e\n  build: {path: .}\n"),
        {},
        set(),
        [(6, "'environment.build' has no equivalent")],
    ),
    "an image of TensorFlow's": (
        aml("python fit.py", "environment: {image: docker.io/tensorflow/tensorflow:2.15.0}\n"),
        {"framework_version": "2.15.1"},
        set(),
        [(4, "of the image")],
    ),
    "a conda file in the job": (
        aml(
            "python fit.py",
            "environment:\n  image: a\n  conda_file:\n    channels: [b]\n    dependencies:\n"
            "    - python=3.9\n    - pip\n    - scikit-learn\n    - pip: [scipy, tensorflow==2.15.1]\n",
        ),
        {
            "conda_packages": ["scikit-learn"],
            "pip_packages": ["scipy"],
            "framework_version": "2.15.1",
            "python_version": 3.9,
        },
        set(),
        [(5, "the image 'a' has no"), (7, "'environment.conda_file.channels' has")],
    ),
    "a Python of conda's that TensorFlow is not for": (
        aml("python fit.py", "environment: {conda_file: {dependencies: [python=3.7, python>=3.9, python]}}\n"),
        {},
        {"python_version"},
        [(4, "'python=3.7' of conda_file"), (4, "'python>=3.9' of conda_file")],
    ),
    "a conda file beside the job": (
        aml("python fit.py", "environment: {conda_file: ./env/conda.yml}\n"),
        {},
        {"conda_dependencies_file"},
        [(4, "'./env/conda.yml' is not in the source directory")],
    ),
    "a conda file in the code": (
        aml("python fit.py", "environment: {conda_file: src/env/conda.yml}\n"),
        {"conda_dependencies_file": "env/conda.yml"},
        set(),
        [],
    ),
    "spot without a size": (
        aml("python fit.py", "queue_settings: {job_tier: spot}\nresources: {instance_type: Standard_D4s_v5}\n"),
        {"compute_target": "local"},
        set(),
        [(4, "job_tier is left out"), (5, "the instance type 'Standard_D4s_v5' is left out")],
    ),
    "another's command and variables": (
        job(
            "TFJob",
            pods("Chief", 1, "{name: t, command: [python, train.py], env: [{name: A, value: x}]}")
            + pods(
                "Worker", 2, "{name: t, command: [python, other.py], env: [{name: A, value: x}, {name: B, value: y}]}"
            ),
        ),
        {"entry_script": "train.py"},
        set(),
        [(8, "Worker runs another command"), (8, "the variable B is of Worker alone")],
    ),
    "a folder and variables of the cluster": (
        job(
            "TFJob",
            pods(
                "Worker",
                2,
                "{name: t, workingDir: /w, envFrom: [{secretRef: {name: s}}], command: [python, fit.py]}, {name: side}",
            ),
        ),
        {"entry_script": "fit.py"},
        set(),
        [(7, "'workingDir' has"), (7, "'envFrom' has"), (7, "a second container")],
    ),
    "spot, a region and a disk without a size": (
        task(
            "python fit.py",
            "resources:\n  accelerators: V100:4\n  use_spot: true\n  region: eastus\n  disk_size: 128\n",
        ),
        {},
        {"compute_target"},
        [
            (2, "no size of Azure has"),
            (3, "use_spot is left out"),
            (4, "the region 'eastus' is left out"),
            (5, "disk_size (128 GB) is left out"),
        ],
    ),
    "a disk without accelerators": (
        task("python fit.py", "resources: {disk_size: 20}\n"),
        {},
        {"compute_target"},
        [(1, "a disk of 20 GB has no equivalent")],
    ),
    "a region behind the cloud": (
        task("python fit.py", "resources: {infra: azure/eastus/1, accelerators: T4}\n"),
        {"compute_target": {"cloud": "azure", "vm_size": "Standard_NC4as_T4_v3", "location": "eastus", "zone": 1}},
        set(),
        [],
    ),
    "a zone without a size": (
        task("python fit.py", "resources: {infra: azure/eastus/1}\n"),
        {},
        {"compute_target"},
        [(1, "the region 'eastus' is left out"), (1, "the zone of 'eastus/1'")],
    ),
    "several kinds of accelerators": (
        task("python fit.py", "resources: {accelerators: [T4:1, V100:3, A100:1]}\n"),
        {"compute_target": {"cloud": "azure", "vm_size": "Standard_NC4as_T4_v3"}},
        set(),
        [
            (1, "no size of Azure has the accelerators 'V100:3'"),
            (1, "Standard_NC4as_T4_v3 is taken, and Standard_NC24ads_A100_v4 left out"),
        ],
    ),
    "any of these places": (
        task("python fit.py", "resources: {accelerators: T4, any_of: [{infra: azure/eastus}, {region: westus2}]}\n"),
        {
            "compute_target": {
                "cloud": "azure",
                "vm_size": "Standard_NC4as_T4_v3",
                "location": ["eastus", "westus2"],
            }
        },
        set(),
        [],
    ),
    "the same size at several places": (
        task(
            "python fit.py",
            "resources: {any_of: [{infra: azure/eastus, accelerators: T4}, {region: westus2, accelerators: T4}]}\n",
        ),
        {
            "use_gpu": True,
            "compute_target": {
                "cloud": "azure",
                "vm_size": "Standard_NC4as_T4_v3",
                "location": ["eastus", "westus2"],
            },
        },
        set(),
        [],
    ),
    "alternatives of several sizes at several places, of none, and of odd kinds": (
        task(
            "python fit.py",
            "resources:\n  any_of: []\n"
            "  ordered: [{region: eastus, accelerators: T4}, {region: westus2, instance_type: Standard_D8s_v5}]\n",
        ),
        {},
        {"compute_target"},
        [(2, "'resources.any_of' has no"), (3, "'resources.ordered' has no")],
    ),
    "sizes in their order": (
        task(
            "python fit.py",
            "resources: {ordered: [{instance_type: Standard_D8s_v5}, {instance_type: Standard_D4s_v5}]}\n",
        ),
        {"compute_target": {"cloud": "azure", "vm_size": ["Standard_D8s_v5", "Standard_D4s_v5"]}},
        {"use_gpu"},
        [],
    ),
    "alternatives of another cloud": (
        task("python fit.py", "resources: {accelerators: T4, any_of: [{infra: aws}, {infra: azure/eastus}]}\n"),
        {"compute_target": {"cloud": "azure", "vm_size": "Standard_NC4as_T4_v3"}},
        set(),
        [(1, "'resources.any_of' has no equivalent")],
    ),
    "an image of Azure's": (
        task("python fit.py", "resources: {accelerators: T4, image_id: 'a-b:c:22:22.04.1'}\n"),
        {"compute_target": {"cloud": "azure", "vm_size": "Standard_NC4as_T4_v3", "image": "a-b:c:22:22.04.1"}},
        set(),
        [],
    ),
    "a container of Blob storage, and a bucket to write to": (
        task(
            "python fit.py",
            "file_mounts:\n  /data: https://acct.blob.core.windows.net/c/d\n"
            "  /more: {source: 'https://acct.blob.core.windows.net/e', mode: MOUNT}\n"
            "  /ckpt: {name: b, store: azure}\n",
        ),
        {
            "inputs": {
                "data": {"url": "https://acct.blob.core.windows.net/c/d"},
                "more": {"url": "https://acct.blob.core.windows.net/e"},
            }
        },
        set(),
        [(2, "'/data' is another path"), (3, "'/more' is another path"), (4, "the files at '/ckpt'")],
    ),
    "conda's packages": (
        task("conda install -y -c conda-forge ffmpeg numpy=1.26\nconda install python=3.9\npython fit.py"),
        {"conda_packages": ["ffmpeg", "numpy=1.26"]},
        set(),
        [(4, _COMMAND)],
    ),
    "a pipe within a value": (
        task("A=$(hostname -i | head -n1)\npython fit.py"),
        {"entry_script": "fit.py"},
        {"environment_variables"},
        [(3, _COMMAND)],
    ),
    "a chief without a container": (
        job(
            "TFJob",
            "    Chief: {replicas: 1}\n"
            + pods("Worker", 1, "{name: t, command: [python, fit.py], env: [{name: A, value: b}]}"),
        ),
        {"entry_script": "fit.py", "environment_variables": {"A": "b"}},
        set(),
        [(7, "there is no container here")],
    ),
    "processes on nodes with unequal slots": (
        task("horovodrun -np 6 -H a:2,b:4 python fit.py", "num_nodes: 2\n"),
        {"node_count": 2, "process_count_per_node": 3},
        set(),
        [],
    ),
    "options of a launcher": (
        task("mpirun --allow-run-as-root -np 2 -x A=1 -x PATH --bind-to none -mca pml ob1 python fit.py"),
        {"process_count_per_node": 2, "environment_variables": {"A": 1}},
        set(),
        [(3, "options of mpirun are not kept: -x PATH --bind-to none -mca pml ob1")],
    ),
    "processes that a variable counts": (
        task("horovodrun -np $N python fit.py"),
        {"distributed_backend": "mpi"},
        {"process_count_per_node"},
        [(3, "options of horovodrun are not kept: -np $N")],
    ),
    "an image of SkyPilot's": (
        task("python fit.py", "resources: {image_id: 'docker:tensorflow/tensorflow:2.15.0-gpu'}\n"),
        {"framework_version": "2.15.1"},
        set(),
        [(1, "of the image 'tensorflow/tensorflow:2.15.0-gpu'")],
    ),
    "processes that do not divide": (
        task("horovodrun -np 5 python fit.py", "num_nodes: 2\n"),
        {"node_count": 2},
        {"process_count_per_node"},
        [(3, "5 processes are not the same number")],
    ),
    "an MPIJob's processes that do not divide": (
        job(
            "MPIJob",
            pods("Launcher", 1, "{name: m, command: [mpirun, -np, '3', python, fit.py]}")
            + pods("Worker", 2, "{name: m}"),
            "  slotsPerWorker: 2\n",
        ),
        {"node_count": 2, "process_count_per_node": 2},
        set(),
        [(8, "3 processes are not the same number")],
    ),
    "inputs whose names differ in what no name holds here": (
        aml(
            "python fit.py --a ${{inputs.data1}} --b ${{inputs.data2}} --c ${{inputs.Data-2}}",
            "inputs:\n"
            + "".join(
                f"  {name}: {{type: uri_folder, path: ./{path}}}\n"
                for name, path in (("data1", "a"), ("data2", "b"), ("Data-2", "c"))
            ),
        ),
        {
            "inputs": {"data1": {"path": "./a"}, "data2": {"path": "./b"}, "data_2": {"path": "./c"}},
            "script_params": {
                "--a": "${TFINFRA_INPUT_DATA1}",
                "--b": "${TFINFRA_INPUT_DATA2}",
                "--c": "${TFINFRA_INPUT_DATA_2}",
            },
        },
        set(),
        [],
    ),
    "mounts whose names differ in what no name holds here": (
        task("python fit.py", "file_mounts: {/data/1: ./a, /data/2: ./b, /data_2: ./c}\n"),
        {"inputs": {"data_1": {"path": "./a"}, "data_2": {"path": "./b"}, "data_2_2": {"path": "./c"}}},
        set(),
        [(1, "'/data/1' is another path"), (1, "'/data/2' is another path"), (1, "'/data_2' is another path")],
    ),
    "a variable whose name no shell takes": (
        task("python fit.py", "envs: {NAMÉ: x, B: y}\n"),
        {"environment_variables": {"B": "y"}},
        set(),
        [(1, "the variable NAMÉ is left out: it is no name of a variable")],
    ),
    "values of another shape": (
        "workdir: {url: a, ref: b}\nnum_nodes: x\nsetup: [make]\nrun: python fit.py\n",
        {"entry_script": "fit.py"},
        {"node_count", "source_directory"},
        [(1, "'workdir' has no"), (2, "'num_nodes' has no"), (3, "'setup' has no")],
    ),
    "misspelt keys": (
        aml("python fit.py", "limits: {time_out: 60}\ndistributions: {type: mpi}\n"),
        {},
        {"limits", "distributed_backend"},
        [(4, "'limits.time_out' has no"), (5, "'distributions' has no")],
    ),
    "a variable without a value": (
        aml("python fit.py", "environment_variables: {A: null}\n"),
        {"environment_variables": {"A": ""}},
        set(),
        [],
    ),
    "an MLflow server of one's own, with its token": (
        aml(
            "python fit.py",
            "environment_variables: {MLFLOW_TRACKING_URI: https://mlflow.example, MLFLOW_TRACKING_TOKEN: abcdefgh}\n",
        ),
        {
            "metrics": {"tracking_uri": "https://mlflow.example", "token": "TEAM_MLFLOW_TOKEN"},
            "secrets": ["TEAM_MLFLOW_TOKEN"],
        },
        {"environment_variables"},
        [(4, "MLFLOW_TRACKING_TOKEN is tfinfra's own")],
    ),
    "an MLflow that no node reaches": (
        aml("python fit.py", "environment_variables: {MLFLOW_TRACKING_URI: sqlite:///x.db}\n"),
        {},
        {"environment_variables", "metrics"},
        [(4, "the variable MLFLOW_TRACKING_URI is left out")],
    ),
}
