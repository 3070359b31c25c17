"""Names of Azure ML's SDK (version 1: azureml.core, azureml.train, azureml.data, azureml.widgets and their like) that
tfinfra does not have, with what to write instead. Its own three are Experiment, Run and TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping

_LOGGING = "a training script logs: run = Run.get_context() there, then run.log('accuracy', 0.9)"
_TABLES = "log numbers by run.log_table in the training script, a plot by run.log_image"
_MODELS = "tfinfra trains, and serves no models: what the script wrote to ./outputs is in run.outputs"
TAGS = "write tags: run.tag('key', 'value'), or Experiment.submit(est, tags={'key': 'value'})"
_SCRIPT_ENDS = "a run starts and ends with its script; run.cancel() ends it before"
_UPLOAD = "write the file to ./outputs in the training script: what is there comes home with the run"
_ONE_SCRIPT = "a run has one script and no children: submit one run after the other"

_TARGET = "name the target: compute_target='local', a name of compute_targets.yaml, or {'cloud': 'azure', 'vm_size': …}"
_INPUTS = "write inputs={'data': {'path': './data'}}, and '${TFINFRA_INPUT_DATA}' for its path in script_params"
_OUTPUTS = "the script writes to ./outputs, which comes home to run.outputs"
_PACKAGES = "write framework_version, python_version, pip_packages and conda_packages of TensorFlow(…)"
_CONTAINER = "leave it out: the environment is locked packages, without a container"
_ESTIMATOR = "write TensorFlow(source_directory=…, entry_script=…, script_params={…})"
_TENSORFLOW_ALONE = "tfinfra trains TensorFlow: distributed_backend is 'mpi', 'ps' or 'multi_worker'"
_SEARCH = "write HyperDriveConfig(…) with a sampling and a policy: it searches the script_params of one estimator"
_BASES = "write RandomParameterSampling, BanditPolicy or their like: the bases have no use of their own"
_OF_A_TUNE = "a tune has it: Experiment.submit(HyperDriveConfig(…)) returns one"
_SIGN_IN = "sign in with `az login`, or by AZURE_CLIENT_ID and its like in the environment"
_WORKSPACE = "leave it out: Experiment('name'); subscription_id and location are keys of the compute target"
_LIVE = "write run.wait_for_completion(show_output=True), or `tfinfra status` and `tfinfra logs -f` in a terminal"
_TENSORBOARD = "`tfinfra tensorboard RUN` shows what the script wrote to ./logs"
_ERRORS = "write from tfinfra.errors import TfinfraError, the base of all errors"
_HELP = "`tfinfra --help` and the documents of tfinfra have what there is"
_OTHER_SERVICES = "tfinfra trains on virtual machines of Azure and on this machine, and knows no other service"

_OF_THE_SDK: dict[str, str] = {
    _TARGET: """
        AbstractComputeTarget AdlaCompute AksCompute AmlCompute AmlComputeConfiguration BatchAiCompute BatchCompute
        ComputeInstance ComputeTarget ComputeTargetException DsvmCompute KubernetesCompute
        KubernetesComputeConfiguration LocalTarget RemoteCompute attach_legacy_compute_target
        is_compute_target_prepared prepare_compute_target remove_legacy_compute_target""",
    _WORKSPACE: "Workspace get_run_by_id HasWorkspacePortal PrivateEndPoint PrivateEndPointConfig",
    _INPUTS: """
        AbstractDataset AzureBlobDatastore AzureFileDatastore Data DataLocation DataPath DataPathComputeBinding
        DataReference DataReferenceConfiguration DataType DatacacheStore DatacacheConfiguration Dataset
        DatasetConsumptionConfig Datastore FileDataset LinkFileOutputDatasetConfig LinkTabularOutputDatasetConfig
        MountOptions TabularDataset""",
    _OUTPUTS: """
        HDFSOutputDatasetConfig OutputData OutputDatasetConfig OutputFileDatasetConfig OutputOptions OutputPortBinding
        UploadOptions""",
    _PACKAGES: """
        CondaDependencies Environment EnvironmentDefinition EnvironmentReference PythonEnvironment PythonSection
        HistoryConfiguration RunConfiguration""",
    _CONTAINER: """
        AzureContainerRegistry RegistryIdentity ContainerRegistry DockerConfiguration DockerEnvironment
        DockerImageDetails DockerSection DockerBuildContext
        DEFAULT_CPU_IMAGE DEFAULT_GPU_IMAGE""",
    "write distributed_backend='mpi' and process_count_per_node of TensorFlow(…)": "Mpi MpiConfiguration",
    "write distributed_backend='ps', worker_count and parameter_server_count of TensorFlow(…)": """
        ParameterServer TensorflowConfiguration""",
    _TENSORFLOW_ALONE: "Chainer Gloo Nccl PyTorch PyTorchConfiguration SKLearn ParallelTaskConfiguration",
    "write TensorFlow(…), which has Keras within it": "Keras",
    _ESTIMATOR: "Estimator MMLBaseEstimator MMLBaseEstimatorRunConfig ScriptRun ScriptRunConfig",
    _SEARCH: "AutoMLConfig AutoMLRun HyperDriveRunConfig",
    _BASES: "EarlyTerminationPolicy HyperParameterSampling",
    _LIVE: "RunDetails ParallelRunStepDetails",
    _TENSORBOARD: "Tensorboard export_to_tensorboard",
    _MODELS: """
        AciWebservice AksEndpoint AksWebservice ContainerImage Image InferenceConfig LocalWebservice Model
        ModelPackage ModelProfile Profile ResourceConfiguration Webservice""",
    _ONE_SCRIPT: """
        EstimatorStep HyperDriveStep ParallelRunConfig ParallelRunStep Pipeline PipelineData PipelineEndpoint
        PipelineParameter PipelineRun PublishedPipeline PythonScriptStep Schedule StepRun""",
    _SIGN_IN: """
        AbstractAuthentication ArmTokenAuthentication AzureCliAuthentication AzureMLTokenAuthentication
        InteractiveLoginAuthentication MsiAuthentication ServicePrincipalAuthentication TokenAuthentication""",
    "write secrets=['NAME']: the variable of your environment reaches the tasks, and is written nowhere": "Keyvault",
    "leave it out: nothing is sent to anybody": "diagnostic_log set_diagnostics_collection",
    "write tfinfra.__version__": "VERSION",
    "write Run('<run id>')": "get_run",
    _ERRORS: """
        ActivityFailedException AzureMLException AzureMLOperationalException ExperimentExecutionException
        ExperimentSubmissionException HyperDriveException RunEnvironmentException TrainingException UserErrorException
        WebserviceException""",
    _OTHER_SERVICES: """
        ApplicationEndpointConfiguration KustoCompute DataFactoryCompute DatabricksCluster DatabricksCompute
        DatabricksStep HDInsightCompute HdiConfiguration LinkedService SparkConfiguration SparkEnvironment
        SparkPackage SparkSection SynapseCompute SynapseWorkspaceLinkedServiceConfiguration""",
}


def _by_name(by_what_to_write: Mapping[str, str]) -> dict[str, str]:
    return {name: written for written, names in by_what_to_write.items() for name in names.split()}


INSTEAD = _by_name(_OF_THE_SDK)
"""{name of the SDK: what to write instead}"""

OF_RUN = _by_name(
    {
        _LOGGING: "log log_image log_list log_row log_table",
        _TABLES: "log_accuracy_table log_confusion_matrix log_predictions log_residuals",
        _ONE_SCRIPT: "child_run create_children start_logging submit_child",
        _OF_A_TUNE: "get_best_run_by_primary_metric get_children_sorted_by_primary_metric get_hyperparameters",
        _SCRIPT_ENDS: "clean complete fail flush start",
        _UPLOAD: "upload_file upload_files upload_folder",
        _MODELS: "register_model",
        TAGS: "add_properties description get_properties number properties",
        "write run.get_details()": "get_detailed_status",
        "write run.get_details()['runDefinition'] for the inputs; they are named by inputs of TensorFlow(…)": """
            input_datasets output_datasets""",
        "`tfinfra report-bundle` makes one file of what is known of a run": "get_diagnostics",
        "write run.get_details()['environment']": "get_environment",
        "`tfinfra status` shows the run; in Azure it is two resource groups that begin with tfinfra-": "get_portal_url",
        "write Run('<run id>'); a task finds its id in the variable TFINFRA_RUN_ID": "get_submitted_run",
        "write TensorFlow(secrets=['NAME']): the script finds it in os.environ": "get_secret get_secrets",
        "the source directory travels with each run; git keeps it": "get_snapshot_id restore_snapshot take_snapshot",
        "write Run.list(experiment)": "list_by_compute",
        _HELP: "add_type_provider get_docs_url",
    }
)
"""What Azure ML's Run had besides."""

OF_EXPERIMENT = _by_name(
    {
        TAGS: "remove_tags set_tags tag tags",
        "leave it out: an experiment is a name, kept nowhere but in the records of its runs": """
            archive archived_time delete from_directory id reactivate refresh""",
        _ONE_SCRIPT: "start_logging",
        "`tfinfra runs` lists the runs": "get_portal_url",
        "write experiment.workspace": "workspace_object",
        _HELP: "get_docs_url",
    }
)
OF_ESTIMATOR = _by_name(
    {
        "its settings are the estimator's attributes: est.node_count, est.environment_variables": "run_config",
        "write est.conda_packages and est.pip_packages": "conda_dependencies",
    }
)
