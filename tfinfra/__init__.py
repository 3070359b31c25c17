"""tfinfra: one YAML training manifest becomes a readable Pulumi program and a whole run."""

from __future__ import annotations

import sys
from importlib import import_module

from tfinfra.version import __version__

TYPE_CHECKING = False  # typing's, which `python -m tfinfra` could find in the folder that it is called in

__all__ = [
    "BanditPolicy",
    "BayesianParameterSampling",
    "Experiment",
    "GridParameterSampling",
    "HyperDriveConfig",
    "HyperDriveRun",
    "MedianStoppingPolicy",
    "NoTerminationPolicy",
    "PrimaryMetricGoal",
    "RandomParameterSampling",
    "Run",
    "TensorFlow",
    "TruncationSelectionPolicy",
    "__version__",
    "choice",
    "lognormal",
    "loguniform",
    "normal",
    "qlognormal",
    "qloguniform",
    "qnormal",
    "quniform",
    "randint",
    "uniform",
]

if TYPE_CHECKING:
    from tfinfra.api.estimator import TensorFlow
    from tfinfra.api.experiment import Experiment
    from tfinfra.api.run import Run
    from tfinfra.api.tuning.hyperdrive_config import HyperDriveConfig, PrimaryMetricGoal
    from tfinfra.api.tuning.hyperdrive_run import HyperDriveRun
    from tfinfra.api.tuning.parameter_expressions import (
        choice,
        lognormal,
        loguniform,
        normal,
        qlognormal,
        qloguniform,
        qnormal,
        quniform,
        randint,
        uniform,
    )
    from tfinfra.api.tuning.policies import (
        BanditPolicy,
        MedianStoppingPolicy,
        NoTerminationPolicy,
        TruncationSelectionPolicy,
    )
    from tfinfra.api.tuning.samplings import (
        BayesianParameterSampling,
        GridParameterSampling,
        RandomParameterSampling,
    )
else:  # unseen by a type checker, which would take every name for one that is there
    _ROOMS = {
        "Experiment": "experiment",
        "Run": "run",
        "TensorFlow": "estimator",
        "HyperDriveConfig": "tuning.hyperdrive_config",
        "HyperDriveRun": "tuning.hyperdrive_run",
        "PrimaryMetricGoal": "tuning.hyperdrive_config",
    }

    def _room(name):
        """The module of the Python API that has a name of __all__."""
        if name.endswith(("Policy", "Sampling")):
            return "tuning.policies" if name.endswith("Policy") else "tuning.samplings"
        return _ROOMS.get(name, "tuning.parameter_expressions")

    def __getattr__(name):
        """Loads the Python API on first use: the command line and the nodes do without it."""
        from importlib.util import find_spec

        if name == "Run" and find_spec("tfinfra.api") is None:  # a training script's, on a node
            return import_module("tfinfra.script.script_run").ScriptRun
        if name in __all__:
            return getattr(import_module(f"tfinfra.api.{_room(name)}"), name)
        instead = _instead(name)
        if instead is None:
            raise AttributeError(f"module 'tfinfra' has no attribute '{name}'")
        message = f"tfinfra has no '{name}': {instead}"
        raise ImportError(message, name="tfinfra") if _is_imported(sys._getframe(1)) else AttributeError(message)

    def _instead(name):
        """What to write for a name of the SDK that this project succeeds."""
        try:
            return import_module("tfinfra.api.gone_names").INSTEAD.get(name)
        except ModuleNotFoundError:  # a node has no Python API, and may mean a module of the package
            return None

    def _is_imported(frame):
        """Whether `frame` is at `from tfinfra import name`: Python would replace the message of an AttributeError
        there, and `hasattr` and its like expect one everywhere else."""
        from opcode import opmap

        return frame.f_code.co_code[frame.f_lasti] == opmap["IMPORT_FROM"]

    _GONE_MODULES = (
        "automl",
        "core",
        "data",
        "hyperdrive",
        "opendatasets",
        "pipeline",
        "tensorboard",
        "train",
        "widgets",
    )

    class _GoneModules:
        """Says of the SDK's modules that they are not here: who changes a program changes its prefix first."""

        @staticmethod
        def find_spec(name, *_):
            package, _, module = name.partition(".")
            if package == __name__ and module in _GONE_MODULES:
                hint = "write `from tfinfra import …`, which says of each name of Azure ML's what there is here"
                raise ModuleNotFoundError(f"tfinfra has no module '{module}': {hint}", name=name)

    sys.meta_path.append(_GoneModules)
