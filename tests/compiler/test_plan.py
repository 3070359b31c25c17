"""Spec, plan, resolved manifest, price and deploy folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.compiler.manifests import HOROVOD, checked
from tfinfra.catalog.prices import shipped_book
from tfinfra.compiler.cost import price_lines, total, unknown_prices
from tfinfra.compiler.deploy.write import differences, write_deploy
from tfinfra.compiler.load import load_project, project_from_arguments
from tfinfra.compiler.pipeline import CheckedManifest, check_manifest, compile_manifest
from tfinfra.compiler.resolved import resolved_text
from tfinfra.compiler.summary.resource_list import resources
from tfinfra.model import Plan, PriceLine, from_json, to_json
from tfinfra.system.resources import resource_folder

CLUSTER = "distributed_backend: ps\ntf_config: cluster_spec\nnode_count: 2\nworker_count: 2\n"


def test_the_command_line_is_in_order_and_as_written(tmp_path: Path) -> None:
    text = "script_params:\n  --lr: 1e-3\n  --v: 1.10\n  --bare:\n  --l: [1, no]\n"
    assert checked(tmp_path, text).plan.arguments == ("--lr", "1e-3", "--v", "1.10", "--bare", "--l", "1", "no")


def test_requirements_are_those_of_the_list_then_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("# why\nnumpy<2  # fine\n\npandas \\\n  ==2.2\n")
    plan = checked(tmp_path, "pip_packages: [scipy]\npip_requirements_file: requirements.txt\n").plan
    assert plan.requirements.pip == ("scipy", "numpy<2", "pandas ==2.2")


def test_infiniband_with_several_nodes_is_uniform_and_everything_else_flexible(tmp_path: Path) -> None:
    big = "use_gpu: true\ndistributed_backend: mpi\nprocess_count_per_node: 8\nvm_size: Standard_ND96asr_v4\n"
    several = checked(tmp_path, f"{big}node_count: 2\n", HOROVOD).plan.infrastructure
    one = checked(tmp_path, big, HOROVOD).plan.infrastructure
    assert (several.orchestration_mode, several.infiniband, several.shared_directory) == ("Uniform", True, True)
    assert (one.orchestration_mode, one.infiniband, one.shared_directory) == ("Flexible", False, False)


def test_a_plan_goes_through_json_and_back(tmp_path: Path) -> None:
    plan = checked(tmp_path, CLUSTER).plan
    assert from_json(Plan, json.loads(json.dumps(to_json(plan)))) == plan


def lines_of(made: CheckedManifest) -> tuple[PriceLine, ...]:
    return price_lines(made.plan, made.spec.target, shipped_book())


def test_prices_are_the_catalogs(tmp_path: Path) -> None:
    lines = lines_of(checked(tmp_path, f"vm_size: Standard_D8s_v5\n{CLUSTER}"))
    assert (lines[0].quantity, lines[0].usd_per_hour) == (2, 0.768)
    hourly = total(lines)
    assert hourly is not None
    assert 0.8 < hourly < 1.0
    unknown = lines_of(checked(tmp_path, "compute_target: {vm_size: Standard_D8s_v5, location: polandcentral}\n"))
    assert total(unknown) is None
    assert unknown_prices(unknown) == ("system disk, 128 GB (P10)",)


def test_the_same_manifest_gives_the_same_bytes_wherever_it_stands(tmp_path: Path) -> None:
    trees = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        checked(tmp_path / name, CLUSTER)
        trees.append(compile_manifest(load_project(tmp_path / name / "digits.yaml")).tree)
    assert trees[0] == trees[1]
    assert not any(str(tmp_path) in text for text in trees[0].values())


def test_a_rehearsal_gives_the_same_bytes(tmp_path: Path) -> None:
    checked(tmp_path, "use_gpu: true\nvm_size: Standard_NC4as_T4_v3\n")
    path = tmp_path / "digits.yaml"
    assert compile_manifest(load_project(path)).tree == compile_manifest(load_project(path, rehearse=True)).tree


def test_python_arguments_make_the_same_plan_as_a_manifest(tmp_path: Path) -> None:
    written = checked(tmp_path, "node_count: 2\ndistributed_backend: mpi\nscript_params: {--epochs: 5}\n", HOROVOD).plan
    arguments = {"source_directory": ".", "entry_script": "train.py", "node_count": 2, "distributed_backend": "mpi"}
    arguments["script_params"] = {"--epochs": 5}
    given_ = check_manifest(project_from_arguments(arguments, name="digits", folder=tmp_path)).plan
    assert given_ == written


def test_compile_check_names_what_differs(tmp_path: Path) -> None:
    tree = {"a.txt": "1\n", "stacks/b.py": "2\n"}
    assert differences(tree, tmp_path) == ["a.txt: missing", "stacks/b.py: missing"]
    write_deploy({**tree, "stacks/old.py": "3\n"}, tmp_path)
    (tmp_path / "a.txt").write_text("other")
    assert differences(tree, tmp_path) == ["a.txt: differs", "stacks/old.py: not of this manifest"]
    write_deploy(tree, tmp_path)
    assert differences(tree, tmp_path) == []


words = st.text(alphabet="abcXYZ019._- é:#'\"@&*!%{}[],\t", min_size=1, max_size=12).filter(lambda t: t.strip() == t)
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True).filter(lambda n: n.upper() not in ("HOME", "PATH"))
numbers = st.one_of(st.integers(-(10**8), 10**8), st.floats(-1e8, 1e8))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12, deadline=None)
@given(
    params=st.dictionaries(words, st.one_of(st.none(), words, st.lists(words, min_size=1, max_size=3)), max_size=4),
    variables=st.dictionaries(names, words, max_size=4),
    nodes=st.integers(1, 3),
    options=st.lists(st.one_of(words, st.integers(-(10**15), 10**15), st.booleans(), numbers), min_size=1, max_size=4),
    low=numbers,
)
def test_a_resolved_manifest_compiles_to_the_same_plan(
    tmp_path: Path,
    *,
    params: dict[str, str | list[str] | None],
    variables: dict[str, str],
    nodes: int,
    options: list[str | float],
    low: float,
) -> None:
    (tmp_path / "train.py").write_text("print()\n")
    arguments = {
        "entry_script": "train.py",
        "script_params": params,
        "environment_variables": variables,
        "node_count": nodes,
        "distributed_backend": "mpi",
        "process_count_per_node": 2,
        "tune": {
            "sampling": "random",
            "parameter_space": {"--one": {"choice": options}, "--other": {"uniform": [low, low + 2 + abs(low)]}},
            "primary_metric_name": "1.10",
            "primary_metric_goal": "minimize",
            "max_total_runs": 5,
            "policy": {"bandit": {"slack_amount": abs(low)}},
        },
    }
    first = check_manifest(project_from_arguments(arguments, name="digits", folder=tmp_path))
    (tmp_path / "again.yaml").write_text(resolved_text(first.manifest, first.spec), encoding="utf-8")
    again = check_manifest(load_project(tmp_path / "again.yaml"))
    assert again.plan == first.plan
    assert resolved_text(again.manifest, again.spec) == resolved_text(first.manifest, first.spec)


@pytest.mark.parametrize("count", [1, 100, 1000])
def test_a_plan_of_many_nodes_is_made(count: int, tmp_path: Path) -> None:
    plan = checked(tmp_path, f"distributed_backend: mpi\nnode_count: {count}\n", HOROVOD).plan
    assert len(plan.tasks) == count


def test_the_resources_that_plan_lists_are_those_of_the_stacks(tmp_path: Path) -> None:
    """ARM's "Microsoft.Network/natGateways" is `network.NatGateway` in the components."""
    stacks = "".join(file.read_text("utf-8") for file in resource_folder("stacks").glob("*.py")).lower()
    for resource in resources(checked(tmp_path, CLUSTER).plan):
        kind = resource.type.rpartition("/")[2].lower()
        singular = kind.removesuffix("ies") + "y" if kind.endswith("ies") else kind.removesuffix("s")
        singular = singular.removesuffix("e") if singular.endswith("addresse") else singular
        assert f".{singular}(" in stacks, resource.type


EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("example", sorted(EXAMPLES.rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_compiles(example: Path) -> None:
    tree = compile_manifest(load_project(example)).tree
    assert from_json(Plan, json.loads(tree["plan.json"])).tasks
