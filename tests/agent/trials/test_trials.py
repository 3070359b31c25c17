"""Trials of real agents: each a life of the script with arguments of its own, one after the other on the same node."""

from __future__ import annotations

from pathlib import Path

from tests.agent.trials.pools import pool, singles

SHOWS = """
import json, os, pathlib, sys
from tfinfra import Run
run = Run.get_context()
run.log("accuracy", float(sys.argv[2]))
print(os.environ["TFINFRA_RUN_ID"], sys.argv[1:], sorted(os.listdir("outputs")))
pathlib.Path("outputs/model").write_text(sys.argv[2])
pathlib.Path("elsewhere").write_text(sys.argv[2])
"""


def test_trials_follow_one_another_each_with_a_life_of_its_own(tmp_path: Path) -> None:
    with pool(tmp_path, singles(1, 24022), SHOWS) as nodes:
        for value in ("0.5", "0.25"):
            number = nodes.ask("--rate", value)
            assert nodes.outcome(number).result == "succeeded", nodes.run.words()
            store = nodes.store(number)
            assert nodes.log(number) == f"digits-abc123-t0000{number} ['--rate', '{value}'] []\n"
            assert (store.get("outputs/outputs/model") or b"").decode() == value
            assert (store.get("outputs/left/main-0/elsewhere") or b"").decode() == value
            assert b'"value":%s,' % value.encode() in (store.get("metrics/main-0/00000000.jsonl") or b"")
            (task,) = nodes.evidence(number, "vm-0").tasks
            assert (task.argv[-2:], task.exit_status) == (("--rate", value), 0)
        assert nodes.left_on_nodes() == []
