"""Twenty files of other tools, each written anew in the shape of a public one, which the comment above it names:
{sentence: (file name, text, the manifest's keys, what is listed with the line)}."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

Shape = tuple[str, str, dict[str, Any], list[tuple[int, str]]]


def pods(kind: str, replicas: int, container: str) -> str:
    """One kind of replica, its container in flow style."""
    spec = f"{{replicas: {replicas}, template: {{spec: {{containers: [{container}]}}}}}}"
    return f"    {kind}: {spec}\n"


def job(kind: str, replicas: str, more: str = "") -> str:
    """A job of Kubeflow."""
    specs = "tfReplicaSpecs" if kind == "TFJob" else "mpiReplicaSpecs"
    return f"apiVersion: kubeflow.org/v1\nkind: {kind}\nmetadata:\n  name: a-job\nspec:\n{more}  {specs}:\n{replicas}"


SHAPES: dict[str, Shape] = {
    # Azure/azureml-examples, cli/jobs/command/tensorflow/mnist-distributed-horovod/job.yml
    "an early job: code and compute as mappings, Horovod": (
        "job.yml",
        """\
        $schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json
        code: {local_path: src}
        command: >-
          python fit.py
          --epochs 3
        environment: azureml:AzureML-tensorflow-2.4-py37-gpu:11
        compute:
          target: azureml:gpus
          instance_count: 2
        distribution: {type: mpi, process_count_per_instance: 2}
        experiment_name: with_horovod
        """,
        {
            "name": "with-horovod",
            "source_directory": "src",
            "entry_script": "fit.py",
            "script_params": {"--epochs": 3},
            "distributed_backend": "mpi",
            "process_count_per_node": 2,
            "node_count": 2,
        },
        [(6, "the environment 'azureml:AzureML-tensorflow-2.4-py37-gpu:11'"), (7, "the compute 'gpus'")],
    ),
    # Azure/azureml-examples, cli/jobs/single-step/tensorflow/mnist-distributed/job.yml
    "a job whose inputs are literals, TensorFlow's workers": (
        "job.yml",
        """\
        code: src
        command: python fit.py --epochs ${{inputs.epochs}} --to ${{inputs.where}}
        inputs:
          epochs: 1
          where: outputs/model
        environment: azureml:AzureML-tensorflow-2.12-cuda11@latest
        compute: azureml:local
        resources: {instance_count: 2}
        distribution: {type: tensorflow, worker_count: 2}
        """,
        {
            "source_directory": "src",
            "entry_script": "fit.py",
            "script_params": {"--epochs": 1, "--to": "outputs/model"},
            "framework_version": "2.12.1",
            "distributed_backend": "multi_worker",
            "node_count": 2,
            "compute_target": "local",
        },
        [(6, "of the environment 'azureml:AzureML-tensorflow-2.12-cuda11@latest'")],
    ),
    # Azure/azureml-examples, cli/jobs/basics/hello-sweep.yml
    "a sweep": (
        "sweep.yml",
        """\
        type: sweep
        trial:
          command: python fit.py --rate ${{search_space.rate}} --size ${{search_space.size}}
          code: src
          environment: azureml:sklearn-1.0@latest
        sampling_algorithm: random
        search_space:
          rate: {type: uniform, min_value: 0.1, max_value: 1.0}
          size: {type: choice, values: [16, 32]}
        objective: {goal: minimize, primary_metric: loss}
        limits: {max_total_trials: 4, timeout: 3600}
        """,
        {
            "source_directory": "src",
            "entry_script": "fit.py",
            "tune": {
                "sampling": "random",
                "parameter_space": {"--rate": {"uniform": [0.1, 1.0]}, "--size": {"choice": [16, 32]}},
                "primary_metric_name": "loss",
                "primary_metric_goal": "minimize",
                "max_total_runs": 4,
                "max_concurrent_runs": 4,
                "max_duration_minutes": 60,
            },
        },
        [(5, "the environment"), (11, "the file does not say how many trials live at a time: 4")],
    ),
    # Azure/azureml-examples, cli/jobs/basics/hello-iris-folder.yml
    "a job with data in a container": (
        "job.yml",
        """\
        command: ls ${{inputs.flowers}} && python fit.py --data ${{inputs.flowers}}
        code: src
        inputs:
          flowers:
            type: uri_folder
            path: wasbs://sets@account.blob.core.windows.net/flowers
            mode: ro_mount
        compute: local
        """,
        {
            "source_directory": "src",
            "entry_script": "fit.py",
            "script_params": {"--data": "${TFINFRA_INPUT_FLOWERS}"},
            "inputs": {"flowers": {"url": "https://account.blob.core.windows.net/sets/flowers", "mode": "mount"}},
            "compute_target": "local",
        },
        [],
    ),
    # Azure/azureml-examples, cli/jobs/basics/hello-dataset.yml
    "a job with registered data and an output": (
        "job.yml",
        """\
        command: python fit.py --data ${{inputs.flowers}} --to ${{outputs.model}}
        inputs:
          flowers: {type: mltable, path: 'azureml:flowers@latest'}
        outputs:
          model: {type: uri_folder}
        environment: {image: library/python, conda_file: env.yml}
        resources: {instance_type: Standard_D4s_v5, instance_count: 1}
        environment_variables: {DEPTH: 010, STORAGE_KEY: hunter2}
        """,
        {
            "entry_script": "fit.py",
            "script_params": {"--data": "${TFINFRA_INPUT_FLOWERS}", "--to": "${TFINFRA_OUTPUTS}/model"},
            "inputs": {"flowers": {"path": "./flowers"}},
            "conda_dependencies_file": "env.yml",
            "compute_target": {"cloud": "azure", "vm_size": "Standard_D4s_v5"},
            "node_count": 1,
            "environment_variables": {"DEPTH": 10},
            "secrets": ["STORAGE_KEY"],
        },
        [(3, "the data 'azureml:flowers@latest' is registered"), (6, "the image 'library/python' has no equivalent")],
    ),
    # skypilot-org/skypilot, examples/benchmark/keras_asr.yaml
    "a task on one GPU, with set-up": (
        "task.yaml",
        """\
        name: speech
        resources:
          accelerators: T4
        workdir: src
        setup: |
          conda activate keras
          pip install numpy pandas tensorflow
          git clone https://example.com/a.git
        run: |
          conda activate keras
          python fit.py
        """,
        {
            "name": "speech",
            "use_gpu": True,
            "compute_target": {"cloud": "azure", "vm_size": "Standard_NC4as_T4_v3"},
            "source_directory": "src",
            "pip_packages": ["numpy", "pandas"],
            "entry_script": "fit.py",
        },
        [(8, "this command has no equivalent")],
    ),
    # skypilot-org/skypilot, examples/distributed_nccl_test_with_mpi.yaml
    "a task on several nodes that starts MPI": (
        "task.yaml",
        """\
        num_nodes: 2
        resources: {accelerators: 'V100:8', use_spot: true, region: eastus, ports: 8080}
        run: horovodrun -np 16 -H a:8,b:8 python fit.py --lr 1e-3
        """,
        {
            "node_count": 2,
            "use_gpu": True,
            "compute_target": {
                "cloud": "azure",
                "vm_size": "Standard_ND40rs_v2",
                "location": "eastus",
                "vm_priority": "low_priority",
            },
            "entry_script": "fit.py",
            "script_params": {"--lr": 0.001},
            "distributed_backend": "mpi",
            "process_count_per_node": 8,
        },
        [(2, "'resources.ports' has no equivalent")],
    ),
    # skypilot-org/skypilot, examples/distributed-pytorch/train.yaml
    "a task whose script alone knows of the nodes": (
        "task.yaml",
        """\
        num_nodes: 4
        envs: {HF_TOKEN: hunter2, DEPTH: 3}
        secrets: {WANDB_API_KEY: null}
        run: python -m trainer.task --depth $DEPTH --api-key hunter2
        """,
        {
            "environment_variables": {"DEPTH": 3},
            "secrets": ["HF_TOKEN", "WANDB_API_KEY"],
            "node_count": 4,
            "distributed_backend": "multi_worker",
            "entry_script": "-m trainer.task",
            "script_params": {"--depth": 3},
        },
        [(1, "the nodes' way to train together"), (4, "the value of --api-key may be a secret")],
    ),
    # skypilot-org/skypilot, examples/disk_size.yaml
    "a task on another cloud, with files": (
        "task.yaml",
        """\
        resources: {cloud: gcp, accelerators: 'TPU-v3-8', disk_size: 512}
        file_mounts:
          /data: ./data
          /more: {source: 's3://bucket', mode: MOUNT}
        run: python fit.py --data /data
        """,
        {
            "inputs": {"data": {"path": "./data"}},
            "entry_script": "fit.py",
            "script_params": {"--data": "/data"},
        },
        [
            (1, "the cloud 'gcp' has no equivalent"),
            (1, "no size of Azure has the accelerators"),
            (1, "disk_size (512 GB) is left out"),
            (3, "'/data' is another path on the nodes"),
            (4, "the files at 's3://bucket' have no equivalent"),
        ],
    ),
    # kubeflow/training-operator, examples/tensorflow/dist-mnist/tf_job_mnist.yaml
    "parameter servers, and a script of the image": (
        "job.yaml",
        job(
            "TFJob",
            pods("PS", 2, "{name: tensorflow, image: a}")
            + pods("Worker", 4, "{name: tensorflow, image: 'b:1', command: [python, /opt/fit.py, '--a=1']}"),
        ),
        {
            "name": "a-job",
            "distributed_backend": "ps",
            "worker_count": 4,
            "parameter_server_count": 2,
            "node_count": 4,
            "entry_script": "fit.py",
            "script_params": {"--a": 1},
        },
        [(7, "PS has another image"), (8, "'/opt/fit.py' is a file of the image"), (8, "the image 'b:1'")],
    ),
    # kubeflow/training-operator, examples/tensorflow/distribution_strategy/keras-API/multi_worker_tfjob.yaml
    "workers with a GPU each and a volume": (
        "job.yaml",
        job(
            "TFJob",
            pods(
                "Worker",
                2,
                "{name: t, args: [fit.py], command: [python], resources: {limits: {nvidia.com/gpu: 1}},"
                " volumeMounts: [{name: v, mountPath: /train}]}",
            ),
            "  runPolicy: {cleanPodPolicy: None, activeDeadlineSeconds: 600}\n",
        ),
        {
            "name": "a-job",
            "limits": {"max_run_duration": 600},
            "distributed_backend": "multi_worker",
            "node_count": 2,
            "entry_script": "fit.py",
        },
        [
            (6, "'spec.runPolicy.cleanPodPolicy' has no equivalent"),
            (8, "of which kind the GPUs are is not said (1 a node)"),
            (8, "'volumeMounts' has no equivalent"),
        ],
    ),
    # kubeflow/training-operator, examples/tensorflow/distribution_strategy/estimator-API/distributed_tfjob.yaml
    "an evaluator": (
        "job.yaml",
        job(
            "TFJob",
            pods("Chief", 1, "{name: t, command: [python, fit.py]}")
            + pods("PS", 1, "{name: t}")
            + pods("Worker", 2, "{name: t}")
            + pods("Evaluator", 1, "{name: t}"),
        ),
        {
            "name": "a-job",
            "distributed_backend": "ps",
            "worker_count": 3,
            "parameter_server_count": 1,
            "node_count": 3,
            "tf_config": "estimator",
            "evaluator_count": 1,
            "entry_script": "fit.py",
        },
        [],
    ),
    # kubeflow/training-operator, examples/tensorflow/simple.yaml
    "one worker, variables and a secret of the cluster": (
        "job.yaml",
        job(
            "TFJob",
            pods(
                "Worker",
                1,
                "{name: t, command: [sh, -c, 'python fit.py --b 2'], env: [{name: A, value: '1'},"
                " {name: API_KEY, value: hunter2}, {name: T, valueFrom: {secretKeyRef: {name: s, key: k}}}]}",
            ),
        ),
        {
            "name": "a-job",
            "entry_script": "fit.py",
            "script_params": {"--b": 2},
            "environment_variables": {"A": 1},
            "secrets": ["API_KEY", "T"],
        },
        [],
    ),
    # kubeflow/mpi-operator, examples/v2beta1/tensorflow-benchmarks.yaml
    "mpirun with variables": (
        "job.yaml",
        job(
            "MPIJob",
            pods("Launcher", 1, "{name: m, command: [mpirun, -np, '4', -x, NCCL_DEBUG=INFO, python, fit.py, --b=64]}")
            + pods("Worker", 2, "{name: m, resources: {limits: {nvidia.com/gpu: 2}}}"),
            "  slotsPerWorker: 2\n  runPolicy: {cleanPodPolicy: Running}\n",
        ),
        {
            "name": "a-job",
            "distributed_backend": "mpi",
            "process_count_per_node": 2,
            "node_count": 2,
            "environment_variables": {"NCCL_DEBUG": "INFO"},
            "entry_script": "fit.py",
            "script_params": {"--b": 64},
        },
        [(10, "of which kind the GPUs are is not said (2 a node)")],
    ),
    # kubeflow/mpi-operator, examples/horovod/tensorflow-mnist.yaml
    "mpirun in args, without a script of one's own": (
        "job.yaml",
        job(
            "MPIJob",
            pods("Launcher", 1, "{name: m, image: 'h:1', command: [mpirun], args: [-np, '2', ./a.out]}")
            + pods("Worker", 2, "{name: m}"),
        ),
        {"name": "a-job", "distributed_backend": "mpi", "process_count_per_node": 1, "node_count": 2},
        [(7, "no script of Python is started here"), (7, "the image 'h:1'")],
    ),
    # Azure/MachineLearningNotebooks, ml-frameworks/tensorflow/distributed-tensorflow-with-horovod
    "the estimator with Horovod": (
        "submit.py",
        """\
        from azureml.train.dnn import TensorFlow, Mpi
        exp = Experiment(workspace=ws, name='words')
        params = {
            '--input_data': ds.as_mount(),
            '--api-token': 'hunter2',
        }
        est = TensorFlow(source_directory='./src', compute_target=target, script_params=params,
                         entry_script='fit.py', node_count=2, process_count_per_node=1,
                         distributed_backend='mpi', framework_version='1.13')
        """,
        {
            "name": "words",
            "source_directory": "src",
            "entry_script": "fit.py",
            "script_params": {"--input_data": "${TFINFRA_INPUT_DATA}"},
            "inputs": {"data": {"path": "./data"}},
            "node_count": 2,
            "distributed_backend": "mpi",
        },
        [
            (4, "the data ds.as_mount() is registered"),
            (5, "the value of --api-token may be a secret"),
            (7, "the compute 'target'"),
            (9, "TensorFlow 1.13"),
        ],
    ),
    # Azure/MachineLearningNotebooks, ml-frameworks/tensorflow/distributed-tensorflow-with-parameter-server
    "the estimator with parameter servers": (
        "submit.py",
        """\
        ps = ParameterServer(worker_count=2)
        ps.parameter_server_count = 1
        est = TensorFlow(source_directory='.', entry_script='fit.py', node_count=2, distributed_training=ps,
                         use_gpu=True, compute_target='local', custom_docker_image='a/b')
        """,
        {
            "entry_script": "fit.py",
            "node_count": 2,
            "distributed_backend": "ps",
            "worker_count": 2,
            "parameter_server_count": 1,
            "compute_target": "local",
        },
        [(4, "use_gpu is left out"), (4, "'custom_docker_image' has no equivalent")],
    ),
    # Azure/MachineLearningNotebooks, ml-frameworks/tensorflow/hyperparameter-tune-and-warm-start-with-tensorflow
    "a search": (
        "submit.py",
        """\
        est = TensorFlow('.', entry_script='fit.py', vm_size='Standard_D4s_v5', pip_packages=['pandas'])
        hd = HyperDriveConfig(estimator=est, hyperparameter_sampling=ps, max_total_runs=4)
        """,
        {"entry_script": "fit.py", "vm_size": "Standard_D4s_v5", "pip_packages": ["pandas"]},
        [(2, "the search is not kept: its space is not written out")],
    ),
    # Azure/MachineLearningNotebooks, ml-frameworks/tensorflow/train-hyperparameter-tune-deploy-with-tensorflow
    "a search that is written out": (
        "submit.py",
        """\
        ps = RandomParameterSampling({'--batch-size': choice(25, 50), '--rate': loguniform(-6, -1),
                                      '--depth': choice(range(1, 4))})
        policy = BanditPolicy(evaluation_interval=2, slack_factor=0.1)
        src = ScriptRunConfig(source_directory='.', script='fit.py', arguments=['--data', 'here', '--rate', 0.01],
                              compute_target='local')
        htc = HyperDriveConfig(run_config=src, hyperparameter_sampling=ps, policy=policy,
                               primary_metric_name='validation_acc', primary_metric_goal=PrimaryMetricGoal.MAXIMIZE,
                               max_total_runs=8, max_concurrent_runs=4)
        """,
        {
            "entry_script": "fit.py",
            "script_params": {"--data": "here"},
            "compute_target": "local",
            "tune": {
                "sampling": "random",
                "parameter_space": {
                    "--batch-size": {"choice": [25, 50]},
                    "--rate": {"loguniform": [-6, -1]},
                    "--depth": {"choice": [1, 2, 3]},
                },
                "primary_metric_name": "validation_acc",
                "primary_metric_goal": "maximize",
                "max_total_runs": 8,
                "max_concurrent_runs": 4,
                "policy": {"bandit": {"evaluation_interval": 2, "slack_factor": 0.1}},
            },
        },
        [],
    ),
    # Azure/MachineLearningNotebooks, ml-frameworks/tensorflow/train-tensorflow-resume-training
    "a ScriptRunConfig with an environment": (
        "submit.py",
        """\
        %matplotlib inline
        env = Environment.from_conda_specification(name='e', file_path='env.yml')
        src = ScriptRunConfig(source_directory='src', script='fit.py', arguments=['--lr', 0.1, '--quiet'],
                              compute_target='local', environment=env,
                              distributed_job_config=MpiConfiguration(node_count=2, process_count_per_node=4))
        src.run_config.node_count = 3
        """,
        {
            "source_directory": "src",
            "entry_script": "fit.py",
            "script_params": {"--lr": 0.1, "--quiet": None},
            "compute_target": "local",
            "conda_dependencies_file": "env.yml",
            "distributed_backend": "mpi",
            "node_count": 3,
            "process_count_per_node": 4,
        },
        [],
    ),
    # Azure/MachineLearningNotebooks, ml-frameworks/keras/train-hyperparameter-tune-deploy-with-keras
    "a training's environment, and that of the service where its model is deployed": (
        "submit.py",
        """\
        env = Environment.from_conda_specification(name='keras', file_path='train.yml')
        src = ScriptRunConfig(source_directory='.', script='fit.py', compute_target='local', environment=env)
        cd = CondaDependencies.create(python_version='3.7')
        cd.add_conda_package('keras<=2.3.1')
        cd.add_pip_package('protobuf==3.20.1')
        cd.save_to_file(base_directory='./', conda_file_path='service.yml')
        inference = InferenceConfig('score.py', environment=Environment.from_conda_specification('s', 'service.yml'))
        """,
        {"entry_script": "fit.py", "compute_target": "local", "conda_dependencies_file": "train.yml"},
        [],
    ),
    "an estimator of packages, and the file of those of a service": (
        "submit.py",
        """\
        est = TensorFlow('.', entry_script='fit.py', compute_target='local', pip_packages=['pandas'])
        cd = CondaDependencies()
        cd.add_conda_package('numpy')
        cd.save_to_file('./', 'service.yml')
        """,
        {"entry_script": "fit.py", "compute_target": "local", "pip_packages": ["pandas"]},
        [],
    ),
    "an environment whose packages are assigned to it": (
        "submit.py",
        """\
        env = Environment('e')
        deps = CondaDependencies()
        deps.add_pip_package('pandas')
        env.python.conda_dependencies = deps
        other = CondaDependencies.create(pip_packages=['flask'])
        src = ScriptRunConfig(source_directory='.', script='fit.py', compute_target='local', environment=env)
        """,
        {"entry_script": "fit.py", "compute_target": "local", "pip_packages": ["pandas"]},
        [],
    ),
    # Azure/MachineLearningNotebooks, training/train-within-notebook
    "an estimator of conda's packages": (
        "submit.py",
        """\
        deps = CondaDependencies.create(conda_packages=['scikit-learn'], pip_packages=['azureml-defaults'])
        deps.add_pip_package('pandas==2.2.2')
        est = Estimator(source_directory=folder(), entry_script='fit.py', compute_target='local',
                        environment_variables={'DEPTH': '3', 'DB_PASSWORD': 'hunter2'})
        """,
        {
            "entry_script": "fit.py",
            "compute_target": "local",
            "environment_variables": {"DEPTH": 3},
            "secrets": ["DB_PASSWORD"],
            "conda_packages": ["scikit-learn"],
            "pip_packages": ["pandas==2.2.2"],
        },
        [(1, "'azureml-defaults' is not kept"), (3, "'source_directory' is not written out")],
    ),
}
SHAPES = {sentence: (file, dedent(text), keys, listed) for sentence, (file, text, keys, listed) in SHAPES.items()}
