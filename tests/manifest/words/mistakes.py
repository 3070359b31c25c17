"""Manifests with one mistake each: {sentence: (its lines, code, what the hint says)}. ▶ stands where the error points.
Lines without an entry_script get one above them; all spellings of other tools are those of their documents."""

from __future__ import annotations

Rows = dict[str, tuple[str, str, str]]

AZURE_ML_SDK: Rows = {
    "the estimator's script of a ScriptRunConfig": ("▶script: train.py", "TFI203", "write entry_script: train.py"),
    "arguments as a list": ("▶arguments: ['--lr', 0.1]", "TFI203", "write script_params: {--lr: 0.1}"),
    "the run configuration's target": ("▶target: gpu-cluster", "TFI203", "write compute_target: gpu-cluster"),
    "its communicator": ("▶communicator: Mpi", "TFI203", "write distributed_backend: mpi"),
    "its count of nodes in camel case": ("▶nodeCount: 2", "TFI203", "did you mean 'node_count'?"),
    "its settings of MPI": (
        "▶mpi: {processCountPerNode: 4}",
        "TFI203",
        "write distributed_backend: mpi, process_count_per_node: 4",
    ),
    "its settings of TensorFlow": (
        "▶tensorflow: {workerCount: 2, parameterServerCount: 1}",
        "TFI203",
        "write distributed_backend: ps, worker_count: 2, parameter_server_count: 1",
    ),
    "a framework": ("▶framework: TensorFlow", "TFI203", "remove it: TensorFlow is the framework"),
    "docker in camel case": ("▶useDocker: true", "TFI203", "remove it: the environment is locked packages"),
    "a registry": ("▶image_registry_details: {a: b}", "TFI208", "remove it: no container image is pulled"),
    "an object of the SDK": (
        "▶distributed_training: {type: mpi, process_count_per_node: 2}",
        "TFI208",
        "write distributed_backend: mpi",
    ),
    "a search": ("▶hyperparameter_sampling: {lr: [1, 2]}", "TFI203", "a manifest is one training run"),
    "a bound of a search": ("▶max_total_runs: 20", "TFI203", "a manifest is one training run"),
    "data references": ("▶data_references: [{path: ./d}]", "TFI203", "write inputs: {data: {path: ./d}}"),
    "the snapshot's store": ("▶source_directory_data_store: x", "TFI208", "the source directory travels"),
}

AZURE_ML_JOB: Rows = {
    "a command": (
        "▶command: python src/train.py --lr 0.1 --verbose",
        "TFI203",
        "write entry_script: src/train.py, script_params: {--lr: 0.1, --verbose: null}",
    ),
    "its code": ("▶code: ./src", "TFI203", "write source_directory: ./src"),
    "a curated environment": (
        "▶environment: azureml:AzureML-tensorflow-2.12-cuda11@latest",
        "TFI203",
        "write framework_version, python_version and pip_packages",
    ),
    "an image with a conda file": (
        "▶environment: {image: mcr/x, conda_file: env.yml}",
        "TFI203",
        "write conda_dependencies_file: env.yml",
    ),
    "its compute": ("▶compute: azureml:gpu-cluster", "TFI203", "write compute_target: gpu-cluster"),
    "instances": ("▶resources: {instance_count: 4}", "TFI203", "write node_count: 4"),
    "instances of a type": (
        "▶resources: {instance_count: 2, instance_type: Standard_NC6s_v3}",
        "TFI203",
        "write node_count: 2, compute_target: {cloud: azure, vm_size: Standard_NC6s_v3}",
    ),
    "MPI": (
        "▶distribution: {type: mpi, process_count_per_instance: 2}",
        "TFI203",
        "write distributed_backend: mpi, process_count_per_node: 2",
    ),
    "TensorFlow's parameter servers": (
        "▶distribution: {type: tensorflow, worker_count: 3, parameter_server_count: 1}",
        "TFI203",
        "write distributed_backend: ps, worker_count: 3, parameter_server_count: 1",
    ),
    "TensorFlow's workers alone": (
        "▶distribution: {type: tensorflow, worker_count: 3}",
        "TFI203",
        "write distributed_backend: multi_worker",
    ),
    "another framework": ("▶distribution: {type: pytorch}", "TFI203", "tfinfra trains TensorFlow"),
    "a limit": ("limits: {▶timeout: 3600}", "TFI203", "write max_run_duration: 3600"),
    "a name with blanks": ("▶display_name: My Digits", "TFI203", "write name: my-digits"),
    "an experiment": ("▶experiment_name: digits", "TFI203", "write name: digits"),
    "a description": ("▶description: a test", "TFI203", "write a comment, or tags"),
    "the type of an input": (
        "inputs: {d: {▶type: uri_folder, path: ./d}}",
        "TFI203",
        "path or url says what an input is",
    ),
    "the mode of an input": ("inputs: {d: {path: ./d, mode: ▶ro_mount}}", "TFI204", "write mount"),
    "outputs": ("▶outputs: {model: {type: uri_folder}}", "TFI203", "what the script writes to ./outputs comes home"),
    "an identity": ("▶identity: {type: managed}", "TFI203", "name variables of your own environment in secrets"),
    "shared memory": ("▶shm_size: 2g", "TFI208", "the node's whole shared memory"),
    "a tier": ("▶job_tier: spot", "TFI203", "write vm_priority: low_priority"),
    "a queue": ("▶queue_settings: {job_tier: spot}", "TFI203", "the nodes are there for this run alone"),
    "services": ("▶services: {tb: {type: tensor_board}}", "TFI203", "no port of a node can be reached"),
    "a sweep's space": ("▶search_space: {lr: {type: choice}}", "TFI203", "a manifest is one training run"),
    "a sweep's objective": ("▶objective: {goal: maximize}", "TFI203", "a manifest is one training run"),
    "a sweep's trial": ("▶trial: {command: python a.py}", "TFI203", "a manifest is one training run"),
}

SKYPILOT: Rows = {
    "accelerators": (
        "▶accelerators: A100:8",
        "TFI203",
        "write use_gpu: true, compute_target: {cloud: azure, vm_size: Standard_ND96asr_v4}",
    ),
    "accelerators as a mapping": ("▶accelerators: {T4: 4}", "TFI203", "vm_size: Standard_NC64as_T4_v3"),
    "accelerators of a count that no size has": ("▶accelerators: A100:3", "TFI203", "`tfinfra catalog sizes --gpu`"),
    "resources": (
        "▶resources:\n  accelerators: V100:8\n  region: eastus\n  use_spot: true",
        "TFI203",
        "write use_gpu: true, compute_target: {cloud: azure, vm_size: Standard_ND40rs_v2, location: eastus,",
    ),
    "resources of a processor": ("▶resources: {cpus: 4+}", "TFI203", "write node_count, vm_size and use_gpu"),
    "nodes": ("▶num_nodes: 2", "TFI203", "write node_count: 2"),
    "the working folder": ("▶workdir: ~/code", "TFI203", "write source_directory: ~/code"),
    "variables": ("▶envs: {A: b}", "TFI203", "write environment_variables: {A: …}"),
    "set-up of one package": ("▶setup: pip install pandas", "TFI203", "write pip_packages: [pandas]"),
    "set-up of a file": ("▶setup: pip install -r req.txt", "TFI203", "write pip_requirements_file: req.txt"),
    "set-up of more": ("▶setup: |\n  apt install x\n  make", "TFI203", "setup_script: setup.sh"),
    "a run": (
        "▶run: |\n  cd x\n  python train.py --lr 1",
        "TFI203",
        "write entry_script: train.py, script_params: {--lr: 1}",
    ),
    "a run without Python": ("▶run: make train", "TFI203", "write the script as entry_script"),
    "files": ("▶file_mounts: {/data: ./data}", "TFI203", "write inputs: {data: {path: ./data}}"),
    "spot": ("▶use_spot: true", "TFI203", "write vm_priority: low_priority"),
    "spot that is off": ("▶use_spot: false", "TFI203", "write vm_priority: dedicated"),
    "secrets with values": ("secrets: ▶{HF_TOKEN: hunter2}", "TFI202", "write secrets: [HF_TOKEN]"),
    "a stop": ("▶autostop: 10", "TFI203", "a run ends by itself"),
    "a recovery": ("▶job_recovery: FAILOVER", "TFI203", "a run is tried once"),
    "an image": ("▶image_id: docker:nvcr.io/x", "TFI203", "it belongs under compute_target"),
    "ports": ("▶ports: 8080", "TFI203", "no port of a node can be reached"),
    "a service": ("▶service: {replicas: 2}", "TFI203", "is not a service"),
    "another cloud": ("compute_target: {cloud: ▶aws}", "TFI204", "tfinfra trains on azure, or on local"),
    "a region in a target": ("compute_target: {cloud: azure, ▶region: eastus}", "TFI203", "write location: eastus"),
    "accelerators in a target": (
        "compute_target: {cloud: azure, ▶accelerators: T4}",
        "TFI203",
        "write vm_size: Standard_NC4as_T4_v3",
    ),
    "spot in a target": (
        "compute_target: {cloud: azure, ▶use_spot: true}",
        "TFI203",
        "write vm_priority: low_priority",
    ),
}

DSTACK: Rows = {
    "a type": ("▶type: task", "TFI203", "a manifest is one training run"),
    "commands": (
        "▶commands:\n  - pip install x\n  - python t.py --a 1",
        "TFI203",
        "write entry_script: t.py, script_params: {--a: 1}",
    ),
    "a duration": ("▶max_duration: 2h", "TFI203", "it belongs under limits; write limits: {max_run_duration: 2h}"),
    "no duration": ("▶max_duration: off", "TFI203", "remove it: without limits"),
    "a policy of spot": ("▶spot_policy: on-demand", "TFI203", "write vm_priority: dedicated"),
    "a list of variables": ("▶env: [A=1, B=2]", "TFI203", "write environment_variables: {A: …, B: …}"),
    "its nodes": ("▶nodes: 4", "TFI203", "write node_count: 4"),
    "its GPUs": ("▶gpu: A100:80GB:2", "TFI203", "vm_size: Standard_NC48ads_A100_v4"),
    "its regions": (
        "▶regions: [eastus, westus2]",
        "TFI203",
        "it belongs under compute_target; write compute_target: {location: [eastus, westus2]}",
    ),
    "its instance types": ("▶instance_types: [Standard_D4s_v5]", "TFI203", "write vm_size: [Standard_D4s_v5]"),
    "a price": ("▶max_price: 1.5", "TFI203", "it belongs under compute_target; write compute_target: {max_price: 1.5}"),
    "its volumes": ("▶volumes: ['./data:/data']", "TFI203", "write inputs"),
    "its image": ("▶image: tensorflow/tensorflow", "TFI203", "it belongs under compute_target"),
    "a retry": ("▶retry: {on_events: [error]}", "TFI203", "a run is tried once"),
    "an idle time": ("▶idle_duration: 5m", "TFI203", "a run ends by itself"),
    "an editor": ("▶ide: vscode", "TFI203", "no port of a node can be reached"),
    "a registry": ("▶registry_auth: {username: a}", "TFI203", "without a container"),
}

KUBEFLOW: Rows = {
    "a version of Kubernetes": ("▶apiVersion: kubeflow.org/v1", "TFI203", "this is the form of Kubernetes"),
    "a kind": ("▶kind: TFJob", "TFI203", "this is the form of Kubernetes"),
    "a spec of workers": (
        "▶spec: {tfReplicaSpecs: {PS: {replicas: 1}, Worker: {replicas: 2}}}",
        "TFI203",
        "write distributed_backend: ps, worker_count: 2, parameter_server_count: 1",
    ),
    "replicas of MPI": (
        "▶mpiReplicaSpecs: {Launcher: {replicas: 1}, Worker: {replicas: 3}}",
        "TFI203",
        "write distributed_backend: mpi, node_count: 3",
    ),
    "slots": ("▶slotsPerWorker: 2", "TFI203", "write process_count_per_node: 2"),
    "a policy of pods": ("▶cleanPodPolicy: Running", "TFI203", "a run ends by itself"),
    "a deadline": ("▶activeDeadlineSeconds: 600", "TFI203", "write limits: {max_run_duration: 600}"),
    "a backoff": ("▶backoffLimit: 3", "TFI203", "a run is tried once"),
    "variables of a container": (
        "environment_variables: ▶[{name: A, value: b}]",
        "TFI202",
        "write environment_variables: {A: …}",
    ),
    "labels": ("▶metadata: {name: mnist}", "TFI203", "write tags: {name: mnist}"),
    "a selector": ("▶nodeSelector: {gpu: a}", "TFI203", "write vm_size"),
    "limits of a container": ("▶resources: {limits: {nvidia.com/gpu: 1}}", "TFI203", "use_gpu: true and a vm_size"),
}

TORCHX: Rows = {
    "nodes by processes": ("▶j: 2x4", "TFI203", "write node_count: 2, process_count_per_node: 4"),
    "processes": ("▶nproc_per_node: 2", "TFI203", "write process_count_per_node: 2"),
    "a module": ("▶m: trainer.task", "TFI203", "write entry_script: -m trainer.task"),
    "replicas": ("▶num_replicas: 2", "TFI203", "write node_count: 2"),
    "an entry": ("▶entrypoint: train.py", "TFI203", "write entry_script: train.py"),
    "a bound of retries": ("▶max_retries: 2", "TFI203", "a run is tried once"),
    "memory": ("▶memMB: 4096", "TFI203", "write vm_size"),
    "mounts": ("▶mounts: ./data", "TFI203", "write inputs: {data: {path: ./data}}"),
    "a meeting point": ("▶rdzv_backend: c10d", "TFI203", "tasks reach each other without it"),
    "elastic nodes": ("▶min_replicas: 1", "TFI203", "the number of nodes does not change"),
}

HOROVODRUN: Rows = {
    "-np": ("▶-np: 4", "TFI203", "node_count times process_count_per_node = 4"),
    "--num-proc": ("▶num-proc: 8", "TFI203", "node_count times process_count_per_node = 8"),
    "-H": ("▶-H: 'a:2,b:2'", "TFI203", "write distributed_backend: mpi, node_count: 2, process_count_per_node: 2"),
    "--hostfile": ("▶hostfile: hosts.txt", "TFI203", "tfinfra knows the hosts"),
    "--fusion-threshold-mb": (
        "▶fusion-threshold-mb: 32",
        "TFI203",
        "write environment_variables: {HOROVOD_FUSION_THRESHOLD: 33554432}",
    ),
    "--cycle-time-ms": ("▶cycle_time_ms: 3.5", "TFI203", "{HOROVOD_CYCLE_TIME: 3.5}"),
    "--timeline-filename": ("▶timeline-filename: t.json", "TFI203", "{HOROVOD_TIMELINE: t.json}"),
    "--network-interface": ("▶network-interface: eth0", "TFI203", "tasks reach each other without it"),
    "--ssh-port": ("▶ssh_port: 22", "TFI203", "tasks reach each other without it"),
    "--gloo": ("▶gloo: true", "TFI203", "write distributed_backend: mpi"),
    "--min-np": ("▶min-np: 1", "TFI203", "the number of nodes does not change"),
    "--slots-per-host": ("▶slots_per_host: 4", "TFI203", "write process_count_per_node: 4"),
    "a flag of the script": ("▶--lr: 1", "TFI203", "a flag of the script belongs under script_params"),
}

LEVELS: Rows = {
    "a limit at the top": ("▶max_cost_usd: 3", "TFI203", "it belongs under limits; write limits: {max_cost_usd: 3}"),
    "a time limit at the top": (
        "▶max_run_duration: 2h",
        "TFI203",
        "it belongs under limits; write limits: {max_run_duration: 2h}",
    ),
    "a time limit in another spelling": ("▶max_run_duration_sec: 2h", "TFI203", "write limits: {max_run_duration: 2h}"),
    "the outputs' time at the top": ("▶keep_outputs: 3d", "TFI203", "it belongs under limits"),
    "a location at the top": (
        "▶location: eastus",
        "TFI203",
        "it belongs under compute_target; write compute_target: {location: eastus}",
    ),
    "a hold at the top": ("▶hold: 30m", "TFI203", "it belongs under on_failure; write on_failure: {hold: 30m}"),
    "an input's mode at the top": ("▶mode: mount", "TFI203", "it belongs under inputs"),
    "nodes under limits": (
        "limits: {▶node_count: 2}",
        "TFI203",
        "it belongs one level up: write it at the top level, node_count: 2",
    ),
    "GPUs in a target": ("compute_target: {cloud: azure, ▶use_gpu: true}", "TFI203", "it belongs one level up"),
    "a limit in a target": ("compute_target: {cloud: azure, ▶max_cost_usd: 3}", "TFI203", "it belongs under limits"),
    "a target's key in limits": ("limits: {▶location: eastus}", "TFI203", "it belongs under compute_target"),
    "a limit in an input": ("inputs: {d: {path: ./d, ▶max_cost_usd: 3}}", "TFI203", "it belongs under limits"),
    "a key of the manifest in an input": (
        "inputs: {d: {path: ./d, ▶secrets: [A]}}",
        "TFI203",
        "it belongs one level up",
    ),
    "a mapping around the manifest": (
        "▶training: {node_count: 2, use_gpu: true}",
        "TFI203",
        "its keys belong one level up",
    ),
    "a named target in the manifest": (
        "compute_target: {▶gpus: {cloud: azure}}",
        "TFI203",
        "its keys belong one level up",
    ),
    "an input without a name": (
        "inputs: {path: ▶./data}",
        "TFI202",
        "an input has a name: write inputs: {data: {path: ./data}}",
    ),
}

SHAPES: Rows = {
    "a text for limits": ("limits: ▶2h", "TFI202", "write limits: {max_run_duration: 2h}"),
    "a list for limits": (
        "limits: ▶[{max_run_duration: 2h}]",
        "TFI202",
        "write one mapping: limits: {max_run_duration: 2h}",
    ),
    "a path for inputs": ("inputs: ▶./data", "TFI202", "write inputs: {data: {path: ./data}}"),
    "a list for inputs": ("inputs: ▶[./data]", "TFI202", "write inputs: {data: {path: ./data}}"),
    "a list of mappings for inputs": ("inputs: ▶[{name: x, path: ./d}]", "TFI202", "write inputs: {x: {path: ./d}}"),
    "a path for an input": ("inputs: {data: ▶./digits}", "TFI202", "write {path: ./digits}"),
    "a signed URL for an input": ("inputs: {data: ▶'https://a/b?sig=abc%2Fdef%3D&se=1'}", "TFI202", "write {url: …}"),
    "a command line for script_params": (
        "script_params: ▶--lr 0.1 --v",
        "TFI202",
        "write script_params: {--lr: 0.1, --v: null}",
    ),
    "a list for script_params": ("script_params: ▶[--lr, 0.1]", "TFI202", "write script_params: {--lr: 0.1}"),
    "a mapping for a flag": ("script_params: {--lr: ▶{a: 1}}", "TFI202", "write it as JSON in single quotes"),
    "a list of variables": ("environment_variables: ▶[A=1]", "TFI202", "write environment_variables: {A: …}"),
    "a mapping in a list of secrets": ("secrets: [▶{TOKEN: hunter2}]", "TFI202", "write the variables' names alone"),
    "a text for secrets": ("secrets: ▶HF_TOKEN", "TFI202", "write secrets: [HF_TOKEN]"),
    "a mapping of packages": ("pip_packages: ▶{numpy: 1.2}", "TFI202", "write pip_packages: [numpy==1.2]"),
    "a mapping in a list of packages": ("pip_packages: [▶{numpy: 1.2}]", "TFI202", "as one text: numpy==1.2"),
    "conda's list for pip": ("conda_packages: [▶{pip: [keras]}]", "TFI202", "pip's packages belong in pip_packages"),
    "a file for packages": (
        "pip_packages: ▶requirements.txt",
        "TFI202",
        "write pip_requirements_file: requirements.txt",
    ),
    "an option for packages": ("pip_packages: ▶-r req.txt", "TFI202", "write pip_requirements_file: req.txt"),
    "words for packages": ("pip_packages: ▶numpy pandas", "TFI202", "write [numpy, pandas]"),
    "an item without its space": ("pip_packages: ▶-numpy", "TFI202", "write [numpy]"),
    "a number for a package": ("pip_packages: [▶5]", "TFI202", "write a package's name"),
    "a word for a number": ("node_count: ▶two", "TFI202", "write 2"),
    "a number in quotes": ("node_count: ▶'2'", "TFI202", "write 2 without quotes"),
    "a number with a point": ("node_count: ▶2.0", "TFI202", "write 2"),
    "a number in brackets": ("node_count: ▶[2]", "TFI202", "write 2 without brackets"),
    "a boolean in quotes": ("use_gpu: ▶'true'", "TFI202", "write true without quotes"),
    "a count for a boolean": ("use_gpu: ▶2", "TFI202", "how many GPUs a node has says vm_size"),
    "a mapping for a backend": ("distributed_backend: ▶{type: mpi}", "TFI202", "write distributed_backend: mpi"),
    "a list for a script": ("entry_script: ▶[t.py]", "TFI202", "write t.py without brackets"),
    "a mapping for a script": ("entry_script: ▶{path: t.py}", "TFI202", "write entry_script: t.py"),
    "a list for a target": ("compute_target: ▶[local]", "TFI202", "write local without brackets"),
    "a mapping for a size": ("compute_target: {cloud: azure, vm_size: ▶{name: X}}", "TFI202", "write vm_size: X"),
    "a list for tags": ("tags: ▶[a=b]", "TFI202", "write tags: {a: …}"),
    "a mapping for a tag": ("tags: {a: ▶{b: c}}", "TFI202", "write one text for each tag"),
    "a mapping for TF_CONFIG": ("tf_config: ▶{cluster: {}}", "TFI202", "tfinfra makes TF_CONFIG"),
}

PARAMETERS: Rows = {
    "a parameter of the script": ("▶epochs: 10", "TFI203", "write script_params: {--epochs: 10}"),
    "a folder of the script": ("▶model_dir: ./m", "TFI203", "it belongs under script_params"),
    "a file of requirements": ("▶requirements: req.txt", "TFI203", "write pip_requirements_file: req.txt"),
    "a list as conda has it": (
        "▶dependencies: [numpy, {pip: [keras]}]",
        "TFI203",
        "write conda_packages: [numpy], pip_packages: [keras]",
    ),
    "a secret among variables": ("▶env: {HF_TOKEN: hunter2}", "TFI203", "secrets: [HF_TOKEN]"),
    "a size of another cloud": ("▶instance_type: ml.p3.2xlarge", "TFI203", "write vm_size"),
    "data that a service knows": ("▶dataset: 'azureml:mnist@latest'", "TFI203", "write inputs"),
    "a kind of target": ("compute_target: {▶type: azure, vm_size: Standard_D4s_v5}", "TFI203", "write cloud: azure"),
    "another word for a hold": ("on_failure: {▶keep: 1h}", "TFI203", "write hold: 1h"),
    "a workspace": ("▶workspace: ws", "TFI203", "a run makes resource groups of its own"),
}

VALUES: Rows = {
    "a length in seconds with a unit": (
        "max_run_duration_seconds: ▶2h",
        "TFI202",
        "write limits: {max_run_duration: 2h}",
    ),
    "a number with commas": ("node_count: ▶'1,000'", "TFI202", "write 1000"),
    "a strategy's name": ("distributed_backend: ▶ParameterServerStrategy", "TFI204", "write ps"),
    "a secret with its value": ("secrets: [▶HF_TOKEN=hunter2]", "TFI206", "write the variable's name alone: HF_TOKEN"),
    "a name of an input": ("inputs: {▶my-data: {path: ./d}}", "TFI206", "write my_data"),
    "quotes on a command line": ("script_params: ▶--name 'a b'", "TFI202", "write script_params: {--name: a b}"),
    "a duration of two parts": ("limits: {max_run_duration: ▶1h30m}", "TFI206", "write 90m"),
    "a duration in words": ("limits: {max_run_duration: ▶2 hours}", "TFI206", "write 2h"),
    "a duration of ISO 8601": ("limits: {max_run_duration: ▶PT2H}", "TFI206", "write 2h"),
    "Slurm's duration": ("limits: {max_run_duration: ▶1-00:00:00}", "TFI206", "write 1d"),
    "a time for on_failure": ("on_failure: ▶30m", "TFI206", "write on_failure: {hold: 30m}"),
    "a word for on_failure": ("on_failure: ▶hold", "TFI206", "write on_failure: {hold: 30m}"),
    "spot": ("vm_priority: ▶spot", "TFI204", "write low_priority"),
    "another framework's backend": ("distributed_backend: ▶nccl", "TFI204", "tfinfra trains TensorFlow"),
    "a strategy of one node": ("distributed_backend: ▶mirrored", "TFI204", "remove the key"),
    "Horovod": ("distributed_backend: ▶horovod", "TFI204", "did you mean 'mpi'?"),
    "a version with its package": ("framework_version: ▶tensorflow==2.15.1", "TFI206", "write 2.15.1"),
    "an interpreter": ("python_version: ▶python3.11", "TFI206", "write 3.11"),
    "capitals in a name": ("name: ▶My_Digits", "TFI206", "write my-digits"),
}

CHARACTERS: Rows = {
    "a Cyrillic letter in a key": (
        "▶n\u043ede_count: 2",
        "TFI203",
        "it holds U+043E CYRILLIC SMALL LETTER O: write node_count",
    ),
    "a Greek letter in a key": (
        "▶use_gp\u03c5: true",
        "TFI203",
        "it holds U+03C5 GREEK SMALL LETTER UPSILON: write use_gpu",
    ),
    "a no-break space in a key": ("▶node_count\u00a0: 2", "TFI203", "it holds U+00A0 NO-BREAK SPACE: write node_count"),
    "a zero-width space before a key": (
        "▶\u200bnode_count: 2",
        "TFI203",
        "it holds U+200B ZERO WIDTH SPACE: write node_count",
    ),
    "a typographic hyphen in a key": ("▶node\u2010count: 2", "TFI203", "it holds U+2010 HYPHEN"),
    "full-width letters in a key": (
        "▶\uff4eame: a",
        "TFI203",
        "it holds U+FF4E FULLWIDTH LATIN SMALL LETTER N: write name",
    ),
    "a Cyrillic letter in a word": (
        "distributed_backend: ▶m\u0440i",
        "TFI204",
        "it holds U+0440 CYRILLIC SMALL LETTER ER: write mpi",
    ),
    "quotes of a word processor": ("name: ▶\u201cdigits\u201d", "TFI206", "it holds U+201C LEFT DOUBLE QUOTATION MARK"),
    "quotes around a path": ("source_directory: ▶\u201csrc\u201d", "TFI210", "write src"),
    "a zero-width space in a path": (
        "source_directory: ▶src\u200b",
        "TFI210",
        "it holds U+200B ZERO WIDTH SPACE: write src",
    ),
    "a no-break space in a package": (
        "pip_packages: [▶'numpy\u00a0==1.2']",
        "TFI210",
        "it holds U+00A0 NO-BREAK SPACE",
    ),
    "a no-break space at a number": ("node_count: ▶2\u00a0", "TFI202", "it holds U+00A0 NO-BREAK SPACE: write 2"),
    "a dash of a word processor in a flag": (
        "script_params: {▶\u2013lr: 1}",
        "TFI210",
        "it holds U+2013 EN DASH: write --lr",
    ),
    "two dashes of a word processor": (
        "script_params: {▶\u2014epochs: 1}",
        "TFI210",
        "it holds U+2014 EM DASH: write --epochs",
    ),
    "a zero-width space in a flag": ("script_params: {▶--lr\u200b: 1}", "TFI210", "write --lr"),
    "a dash of a word processor in a range": ("limits: {max_run_duration: ▶\u22125h}", "TFI206", "U+2212 MINUS SIGN"),
    "a Cyrillic letter in a limit": ("limits: {▶max_\u0441ost_usd: 3}", "TFI203", "write max_cost_usd"),
    "a Cyrillic letter in a cloud": ("compute_target: {cloud: ▶\u0430zure}", "TFI204", "write azure"),
}

YAML: Rows = {
    "a quote that is not closed": ("name: ▶'digits\nnode_count: 2", "TFI105", "close it on its line"),
    "a quote that a later one closes": ('name: ▶"digits\ntags: {a: "b"}', "TFI105", "close it on its line"),
    "a ':' without its space": ("name: a\nnode_count▶:2\nuse_gpu: true", "TFI105", "write `key: value`"),
    "a ':' without its space, below a key": (
        "limits:\n  ▶max_cost_usd:3",
        "TFI202",
        "a space is missing after the ':'",
    ),
    "a ':' without its space, in braces": ("limits: {▶max_cost_usd:3}", "TFI203", "a space is missing after the ':'"),
    "a full-width ':'": ("name: a\nnode_count▶\uff1a2\nuse_gpu: true", "TFI105", "write : in its place"),
    "a tab": ("limits:\n▶\tmax_cost_usd: 3", "TFI106", "YAML indents with spaces only"),
    "an unknown key that a merge brings": (
        "script_params: &p\n  ▶--lr: 1\nlimits:\n  <<: *p",
        "TFI203",
        "",
    ),
    "a key twice": ("name: a\n▶name: b", "TFI108", "keep one"),
}

MISTAKES: dict[str, Rows] = {
    "Azure ML's SDK": AZURE_ML_SDK,
    "Azure ML's job": AZURE_ML_JOB,
    "SkyPilot": SKYPILOT,
    "dstack": DSTACK,
    "Kubeflow": KUBEFLOW,
    "TorchX": TORCHX,
    "horovodrun": HOROVODRUN,
    "levels": LEVELS,
    "shapes": SHAPES,
    "parameters": PARAMETERS,
    "values": VALUES,
    "characters": CHARACTERS,
    "YAML": YAML,
}
