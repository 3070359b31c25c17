"""What other tools call a key: the words themselves. Azure ML's SDK v1 and its job YAML (v2), Batch AI, Kubeflow's
TFJob and MPIJob, SkyPilot, dstack, TorchX, horovodrun, Determined, Vertex AI, Slurm.

A word is in small letters, with '_' between its parts. foreign_words.py looks it up; what is said of one with a value
that says more than its word (`resources: {accelerators: A100:8}`) stands in meanings.py.
"""

from __future__ import annotations

KEYS = {
    "name": "experiment experiment_name display_name job_name run_name task_name app_name run_id",
    "source_directory": "workdir working_dir working_directory code src source source_dir context snapshot code_dir"
    " project_dir repo_dir base_dir source_folder folder home_dir code_path",
    "entry_script": "script entrypoint entry_point main program training_script python_file script_file train_script"
    " main_file script_name entry_file python_script entry",
    "script_params": "arguments args parameters params hyperparameters hparams script_args training_input argv"
    " script_arguments program_args script_parameters flags trial_args job_args entry_args",
    "framework_version": "tf_version tensorflow_version runtime_version tf2_version",
    "python_version": "python py_version python_ver py",
    "pip_packages": "packages pip requirements libraries dependencies pip_dependencies extra_pip_packages pip_deps"
    " python_packages extra_packages install_requires pypi",
    "pip_requirements_file": "requirements_file requirements_txt requirements_path pip_requirements pip_file",
    "conda_packages": "conda_deps",
    "conda_channels": "channels channel",
    "conda_dependencies_file": "conda conda_file environment_file conda_env conda_environment conda_yaml",
    "setup_script": "setup setup_command job_preparation startup_hook pre_launch_cmd init_script setup_commands"
    " bootstrap bootstrap_script startup_script setup_file pre_commands prolog init_commands on_start",
    "environment_variables": "env envs env_vars env_variables variables environ env_var environment_vars extra_env"
    " envvars docker_env",
    "inputs": "data datasets dataset input file_mounts storage_mounts volumes mounts input_directories data_references"
    " volume_mounts files instance_mounts bind_mounts input_data data_inputs datastores mount_volumes mount datastore",
    "use_gpu": "use_gpus gpu_enabled enable_gpu with_gpu use_cuda",
    "node_count": "nodes num_nodes number_of_nodes nnodes instance_count replicas replica_count machine_count n_nodes"
    " num_instances num_replicas instances num_machines num_hosts node_num number_nodes cluster_size",
    "distributed_backend": "backend distribution distributed distribution_strategy communicator strategy"
    " distribution_type launcher"
    " distributed_strategy dist_backend",
    "process_count_per_node": "process_count process_count_per_instance processes_per_node slots_per_worker"
    " nproc_per_node slots_per_trial ntasks_per_node ppn nproc slots slots_per_host slots_per_node ranks_per_node"
    " tasks_per_node processes_per_host npernode num_proc_per_node",
    "worker_count": "workers num_workers worker_replicas n_workers number_of_workers",
    "parameter_server_count": "ps ps_count num_ps ps_replicas num_parameter_servers parameter_servers"
    " parameter_server_replicas n_ps",
    "evaluator_count": "evaluators num_evaluators evaluator_replicas",
    "compute_target": "target compute cluster cluster_name compute_name partition default_compute",
    "vm_size": "size instance_type machine_type node_type sku master_type scale_tier instance_size instance_types"
    " vm vm_type machine flavor node_size worker_type vm_sizes vm_sku node_sku",
    "max_run_duration_seconds": "max_run_seconds timeout_seconds",
    "tags": "labels properties metadata custom_labels",
    "secrets": "secret secret_environment_variables secret_env secret_variables env_secrets",
    "resume_from": "checkpoint resume restore_from from_checkpoint warm_start_from init_checkpoint load_from"
    " resume_run resume_from_checkpoint",
}
"""{our key: other tools' words for it, at the top of a file}"""

INSIDE = {
    "limits": {
        "max_run_duration": "timeout max_duration max_runtime time_limit walltime max_run_time job_timeout time"
        " active_deadline_seconds max_running_time max_wall_clock_time max_time duration max_run_duration_sec"
        " max_run_duration_minutes deadline max_duration_seconds wall_time trial_timeout stop_after max_hours"
        " max_run_duration_hours timeout_minutes timeout_hours hours",
        "max_cost_usd": "max_cost cost budget cost_limit max_budget budget_usd max_cost_dollars cost_cap max_usd",
        "keep_outputs": "retention output_retention keep_results",
    },
    "compute_target": {
        "location": "region regions locations aws_region azure_region infra",
        "cloud": "provider cloud_provider",
        "zone": "zones availability_zone availability_zones",
        "os_disk_gb": "disk_size disk boot_disk_size_gb disk_size_gb os_disk_size os_disk_size_gb boot_disk",
        "vm_priority": "priority_type",
        "subscription_id": "subscription",
        "subnet_id": "subnet virtual_network vnet subnetwork subnet_name",
        "image": "image_id vm_image os_image ami",
        "max_price": "max_spot_price spot_price bid max_bid spot_max_price",
        "identity_id": "managed_identity service_account user_assigned_identity",
        "capacity_reservation_id": "reservation capacity_reservation",
        "max_nodes": "max_node_count autoscale_max_nodes",
        "index_url": "pip_index_url pypi_url",
        "extra_index_urls": "extra_index_url pip_extra_index_url",
    },
    "on_failure": {"hold": "keep hold_for keep_for minutes linger wait"},
}
"""{a key with keys of its own: {one of these: other tools' words for it}}"""

INPUT = {
    "path": "local source src local_path folder file dir directory data_path host_path local_source",
    "url": "uri remote blob https blob_url azure_url",
    "mode": "access access_mode mount_mode input_mode as",
}
"""The same of one input."""

_CONTAINER = "write pip_packages: the environment is locked packages, without a container"
_ONE_RUN = "remove it: a manifest is one training run"
_SEARCH = "write tune, with sampling, parameter_space and the others that `tfinfra explain tune` names"
_LIFE = "remove it: a run ends by itself and everything is deleted; limits say when at the latest"
_RETRY = "remove it: a run is tried once; on_failure says what becomes of its nodes"
_ELASTIC = "write node_count: the number of nodes does not change while a run trains"
_KUBERNETES = "this is the form of Kubernetes: `tfinfra convert FILE` makes a manifest of a TFJob or an MPIJob"
_NETWORK = "remove it: tasks reach each other without it, and nothing from outside reaches a node"
_PLACE = "write vm_size: it says what every node is"
_HOSTS = "write node_count and process_count_per_node: tfinfra knows the hosts once they run"
_LOGS = "remove it: `tfinfra logs` has what every task prints, and ./logs comes home"
_OUTPUTS = "remove it: what the script writes to ./outputs comes home"
_PORTS = "remove it: `tfinfra up` is not a service, and no port of a node can be reached from outside"

SENTENCES = {
    "write the script as entry_script, and its arguments as script_params": "command commands run cmd"
    " tasks script_path training_command train_command",
    "write framework_version, python_version and pip_packages; variables are environment_variables": "environment"
    " environments python_environment software_environment curated_environment",
    "remove it: TensorFlow is the framework, framework_version its version": "framework framework_name tf",
    _OUTPUTS: "outputs output output_dir output_directories job_dir output_data output_path artifacts artifact_uri"
    " output_collection checkpoint_storage output_location s3_output_path base_output_directory",
    "write entry_script: -m package.module": "module python_module entry_module m python_package",
    _CONTAINER: "image docker container docker_image image_uri master_image container_settings docker_settings"
    " docker_file dockerfile base_image docker_args registry_auth image_pull_policy image_pull_secrets containers"
    " container_image singularity container_spec custom_image nvcc docker_configuration privileged",
    "write node_count, vm_size and use_gpu": "resources resource resource_config resource_configuration"
    " requirements_gpu resource_request worker_pool_specs instance_config machine_spec",
    "write a comment, or tags": "description comment notes comments title author owner version schema_version",
    _KUBERNETES: "api_version kind spec tf_replica_specs mpi_replica_specs run_policy template replica_specs"
    " success_policy pod_template namespace",
    "write distributed_backend, with the counts of its tasks": "tensor_flow_settings tensorflow_settings tensor_flow"
    " horovod_settings mpi_settings mpi_configuration",
    _ONE_RUN: "type job_type jobs steps stages pipeline role roles",
    _SEARCH: "searcher sweep search_space sampling_algorithm early_termination objective trial hyperparameter_sampling"
    " max_trials hyperdrive parameter_sampling early_stopping matrix trials metric",
    _LIFE: "autostop auto_stop autodown idle_minutes_to_autostop idle_duration idle_timeout"
    " idle_time_before_scale_down ttl_seconds_after_finished clean_pod_policy stop_duration stop_criteria down"
    " auto_shutdown creation_policy termination_policy termination_idle_time delete_after scale_down",
    _RETRY: "retry retries max_retries backoff_limit retry_policy job_recovery recovery max_restarts restarts"
    " restart_policy max_failures on_eviction eviction_policy restart_job_on_worker_restart reset_limit"
    " max_run_retries",
    "remove it: `tfinfra up --keep` keeps the nodes until the deadline": "keep_alive keep_nodes keep_cluster",
    "remove it: `tfinfra wait` ends when the run has ended, with its exit code": "notify notifications notification"
    " notification_setting notification_settings alerts email mail_user mail_type webhook webhooks on_end",
    _ELASTIC: "min_np max_np min_nodes min_replicas max_replicas host_discovery_script elastic elastic_timeout"
    " elastic_policy autoscale min_instances max_instances min_workers max_workers min_node_count min_count max_count"
    " blacklist_cooldown_range enable_dynamic_worker autoscaling",
    _HOSTS: "hosts host hostfile host_file hostfile_path machinefile hostnames nodelist workers_list h",
    _NETWORK: "network_interface network_interfaces ssh_port ssh_identity_file ssh_auth_mount_path tcp nics"
    " rdzv_backend rdzv_port rdzv_endpoint master_port master_addr ssh ssh_key network_tier port",
    _PORTS: "ports port_map service services readiness_probe ide endpoint expose gateway model probes",
    _PLACE: "cpus cpu memory mem mem_mb memory_gb shared_memory cores vcpus ram node_selector tolerations affinity"
    " disk_tier constraint cpus_per_task exclusive gres any_of ordered fleets backends",
    "remove it: the nodes are there for this run alone": "queue queue_settings priority priority_class scheduling"
    " scheduler scheduling_policy qos account reservation_name suspend utilization_policy startup_order"
    " user project resource_pool managed_by",
    "remove it: a run makes resource groups of its own": "workspace workspace_name resource_group resource_group_name",
    _LOGS: "output_filename log_dir log_level logging verbose stdout stderr tensorboard tensorboard_dir profiling"
    " log_policies prefix_output_with_timestamp",
    "remove it: cron, or a CI system, calls `tfinfra up`": "schedule cron trigger triggers schedules",
    "write environment_variables, and the names of secrets in secrets": "env_file env_files dotenv",
    "remove it: the first training task is the chief": "chief_count chief chiefs num_chiefs master_count",
    "write distributed_backend: mpi": "gloo use_gloo use_mpi mpi_implementation mpi_args binding_args mpi_threads"
    " launcher_creation_policy start_timeout check_build disable_cache",
    "remove it: tasks run without a container and have the node's whole shared memory": "shm_size shm",
    "remove it: the source directory travels, by git's rules": "repos repo git git_url branch single_branch amlignore"
    " snapshot_id source_directory_data_store",
    "name variables of your own environment in secrets": "credentials registry_credentials aws_credentials"
    " identity service_principal connection_string api_key",
}
"""{what to write: words that have no key of their own}"""

PARAMETERS = frozenset(
    [
        "epochs",
        "num_epochs",
        "n_epochs",
        "batch_size",
        "train_batch_size",
        "lr",
        "learning_rate",
        "seed",
        "random_seed",
        "steps",
        "train_steps",
        "max_steps",
        "num_steps",
        "momentum",
        "dropout",
        "weight_decay",
        "optimizer",
        "hidden_size",
        "num_layers",
        "model_dir",
        "data_dir",
        "checkpoint_dir",
        "save_dir",
        "data_path",
        "data_folder",
        "model_name",
        "num_classes",
        "image_size",
        "warmup_steps",
    ]
)
"""What scripts call their own parameters, which a manifest has under script_params."""

HOROVOD = {
    "fusion_threshold_mb": ("HOROVOD_FUSION_THRESHOLD", 1024 * 1024),
    "cycle_time_ms": ("HOROVOD_CYCLE_TIME", 1),
    "cache_capacity": ("HOROVOD_CACHE_CAPACITY", 1),
    "timeline_filename": ("HOROVOD_TIMELINE", 1),
    "timeline_mark_cycles": ("HOROVOD_TIMELINE_MARK_CYCLES", 1),
    "autotune": ("HOROVOD_AUTOTUNE", 1),
    "autotune_log_file": ("HOROVOD_AUTOTUNE_LOG", 1),
    "no_stall_check": ("HOROVOD_STALL_CHECK_DISABLE", 1),
    "stall_check_warning_time_seconds": ("HOROVOD_STALL_CHECK_TIME_SECONDS", 1),
    "stall_check_shutdown_time_seconds": ("HOROVOD_STALL_SHUTDOWN_TIME_SECONDS", 1),
    "hierarchical_allreduce": ("HOROVOD_HIERARCHICAL_ALLREDUCE", 1),
    "hierarchical_allgather": ("HOROVOD_HIERARCHICAL_ALLGATHER", 1),
    "num_nccl_streams": ("HOROVOD_NUM_NCCL_STREAMS", 1),
    "thread_affinity": ("HOROVOD_THREAD_AFFINITY", 1),
}
"""horovodrun's options that are variables of Horovod (horovod/runner/common/util/config_parser.py): {option: (variable,
what a number is multiplied by)}"""
