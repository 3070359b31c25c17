"""Which run a word means, and in which cloud: records, tags and options against each other."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.lifecycle.record.test_record import a_record
from tfinfra.azure.deletion.group_names import part_of_group, run_of_group
from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.errors import UsageError
from tfinfra.lifecycle.attach.cloud_scope import CloudOptions, CloudScope, KnownTarget, guesses, known_targets, scope_of
from tfinfra.lifecycle.record.run_status import matching_run

LIVE, ENDED, SECOND, OTHER = "digits-abc123", "digits-old000", "digits-xyz789", "words-abc123"


@dataclass(frozen=True)
class Known:
    """What there is: runs with a record here that are live or ended, and runs that only tags tell of."""

    live: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()
    tagged: tuple[str, ...] = ()
    wanted: str = "digits"
    run: str = ""
    listed: tuple[str, ...] = field(default=())


RESOLVED = {
    "a name with one live record": Known(live=(LIVE,), run=LIVE),
    "a name with one live record, which tags know too": Known(live=(LIVE,), tagged=(LIVE,), run=LIVE),
    "a name that only tags know": Known(tagged=(LIVE,), run=LIVE),
    "a name that tags know once, beside other names": Known(live=(OTHER,), tagged=(LIVE, OTHER), run=LIVE),
    "a name whose records have ended, and one run by tags": Known(ended=(ENDED,), tagged=(LIVE,), run=LIVE),
    "an id by tags": Known(tagged=(LIVE, SECOND), wanted=SECOND, run=SECOND),
    "an id of an ended record": Known(live=(LIVE,), ended=(ENDED,), wanted=ENDED, run=ENDED),
    "an id that nobody knows is left to the cloud": Known(live=(LIVE,), wanted=OTHER, run=OTHER),
    "a name that records know twice": Known(live=(LIVE, SECOND), listed=(LIVE, SECOND)),
    "a name that tags know twice": Known(tagged=(LIVE, SECOND), listed=(LIVE, SECOND)),
    "a name that a record and tags know": Known(live=(LIVE,), tagged=(LIVE, SECOND), listed=(LIVE, SECOND)),
    "a name whose records have all ended": Known(ended=(ENDED,), listed=(ENDED,)),
    "a name that nobody knows": Known(live=(OTHER,), tagged=(SECOND,), wanted="numbers", listed=(OTHER, SECOND)),
    "a name that begins as another's": Known(tagged=("digits-big-abc123",), listed=("digits-big-abc123",)),
}


@pytest.mark.parametrize("case", RESOLVED.values(), ids=RESOLVED.keys())
def test_a_word_means_one_run_or_is_refused_with_the_list(case: Known) -> None:
    records = [*(a_record(run) for run in case.live), *(a_record(run, phase="deleted") for run in case.ended)]
    groups = [RunGroup(f"tfinfra-{run}-{part}", run, "") for run in case.tagged for part in ("keep", "compute")]
    if case.run:
        assert matching_run(case.wanted, records, groups) == case.run
        return
    with pytest.raises(UsageError) as raised:
        matching_run(case.wanted, records, groups)
    assert raised.value.hint is not None
    assert all(run in raised.value.hint for run in case.listed)


NAMES = {
    "tfinfra-digits-abc123-keep": (LIVE, "keep"),
    "tfinfra-digits-abc123-compute": (LIVE, "compute"),
    "tfinfra-digits-abc123-compute-2": (LIVE, "compute"),
    "tfinfra-keep-abc123-keep": ("keep-abc123", "keep"),
    "tfinfra-digits-abc123-keep-2-more": (None, "compute"),
    "tfinfra-shared": (None, "compute"),
    "my-digits-abc123-keep": (None, "compute"),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_groups_name_says_its_run_and_its_part(name: str) -> None:
    assert (run_of_group(name), part_of_group(name)) == NAMES[name]


TARGETS = known_targets(
    [
        ("./compute_targets.yaml", {"gpus": {"subscription_id": "sub-a"}, "here": {"cloud": "local"}, "odd": 5}),
        ("~/compute_targets.yaml", {"gpus": {"subscription_id": "hidden"}, "cpus": {"cloud": "azure"}}),
    ]
)
TWO = (*TARGETS, KnownTarget("more", "f", "azure", "sub-b"))
ENVIRONMENT = {"AZURE_SUBSCRIPTION_ID": "sub-env"}
PLACES: dict[str, tuple[CloudOptions, dict[str, str], tuple[KnownTarget, ...], CloudScope | str]] = {
    "this machine's cloud": (CloudOptions("local"), ENVIRONMENT, TARGETS, CloudScope(None, "--cloud")),
    "a local target": (CloudOptions(target="here"), ENVIRONMENT, TARGETS, CloudScope(None, "target 'here'")),
    "the target that is always there": (CloudOptions(target="local"), {}, (), CloudScope(None, "target 'local'")),
    "a subscription": (CloudOptions(subscription="sub-x"), ENVIRONMENT, TARGETS, CloudScope("sub-x", "--subscription")),
    "a subscription over a target's": (
        CloudOptions("azure", "gpus", "sub-x"),
        ENVIRONMENT,
        TARGETS,
        CloudScope("sub-x", "--subscription"),
    ),
    "a target's, the nearest file's": (
        CloudOptions(target="gpus"),
        ENVIRONMENT,
        TARGETS,
        CloudScope("sub-a", "target 'gpus' in ./compute_targets.yaml"),
    ),
    "the environment's for a target without one": (
        CloudOptions(target="cpus"),
        ENVIRONMENT,
        TARGETS,
        CloudScope("sub-env", "AZURE_SUBSCRIPTION_ID"),
    ),
    "the environment's": (CloudOptions("azure"), ENVIRONMENT, TARGETS, CloudScope("sub-env", "AZURE_SUBSCRIPTION_ID")),
    "the only one that the target files name": (
        CloudOptions("azure"),
        {},
        TARGETS,
        CloudScope("sub-a", "target 'gpus' in ./compute_targets.yaml"),
    ),
    "one of several": (CloudOptions("azure"), {}, TWO, "several Azure subscriptions"),
    "none": (CloudOptions("azure"), {}, (), "no Azure subscription"),
    "another target's subscription is not taken": (CloudOptions(target="cpus"), {}, TARGETS, "no Azure subscription"),
    "a target that there is not": (CloudOptions(target="gpu"), {}, TARGETS, "no compute target 'gpu'"),
    "a contradiction": (CloudOptions("local", "gpus"), {}, TARGETS, "target 'gpus' is on azure"),
    "a subscription of this machine": (CloudOptions("local", None, "sub-x"), {}, (), "--subscription is Azure's"),
}


@pytest.mark.parametrize("case", PLACES.values(), ids=PLACES.keys())
def test_the_options_name_one_place(
    case: tuple[CloudOptions, dict[str, str], tuple[KnownTarget, ...], CloudScope | str],
) -> None:
    asked, environ, targets, expected = case
    if isinstance(expected, CloudScope):
        assert scope_of(asked, environ, targets) == expected
        return
    with pytest.raises(UsageError) as raised:
        scope_of(asked, environ, targets)
    assert expected in raised.value.message


def test_without_options_the_environment_goes_before_the_target_files() -> None:
    assert [p.subscription for p in guesses(ENVIRONMENT, TWO)] == ["sub-env"]
    assert {p.subscription for p in guesses({}, TWO)} == {"sub-a", "sub-b"}
    assert guesses({}, ()) == ()
