"""`python -m bench.faults SEED[-SEED]`: real runs on the local cloud's process machines, with faults at random moments,
and what must hold whatever strikes. It is no benchmark: what does not hold is printed, and the exit status is 1."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench.aftermath import clean_up, look_at_outputs, look_at_the_end, look_at_what_is_left
from bench.common import tell
from bench.schedules import KINDS, PLANS, Schedule, schedule
from bench.strikes import strike_all
from bench.trial import FILES, Trial

_SCRIPT = """
import os, time
own = "rank-" + os.environ["OMPI_COMM_WORLD_RANK"] if "OMPI_COMM_WORLD_RANK" in os.environ else None
if own is None:
    import json
    task = json.loads(os.environ.get("TF_CONFIG", "{{}}")).get("task", {{"type": "main", "index": 0}})
    own = "%s-%s" % (task["type"], task["index"])
for n in range({files}):
    name = "%s-%d" % (own, n)
    try:
        with open("outputs/" + name, "w") as out:
            out.write(name * 1000)
    except OSError as error:
        raise SystemExit(str(error))
    with open({ledger!r}, "a") as ledger:
        ledger.write(name + "\\n")
    print("wrote", name, flush=True)
    time.sleep(0.6)
print("done", flush=True)
if own.startswith("ps"):
    time.sleep(600)
"""


def try_one(plan: Schedule, folder: Path) -> Trial:
    """Makes the run, strikes it, cleans up as a person would, and looks at what is left."""
    trial = Trial(plan, folder)
    trial.make()
    (trial.project / "train.py").write_text(_SCRIPT.format(files=FILES, ledger=str(trial.ledger)))
    (trial.project / "m.yaml").write_text(
        json.dumps({"name": f"s{plan.seed}", "entry_script": "train.py", **PLANS[plan.plan]})
    )
    began = time.time()
    with (folder / "up.log").open("wb") as log:
        trial.client = trial.start("up", "m.yaml", "--machines", "process", out=log)
    striking = threading.Thread(target=strike_all, args=(trial, began), daemon=True)
    striking.start()
    try:
        code = trial.wait(trial.client, "up")
    except KeyboardInterrupt:  # nobody else would end the run, nor know the folder
        trial.give_up()
        raise
    up = (folder / "up.log").read_text(errors="replace")
    trial.told += f"$ up\n{up}"
    striking.join(30)
    look_at_the_end(trial, code, up)
    clean_up(trial, code, up)
    look_at_outputs(trial)
    look_at_what_is_left(trial, began)
    trial.close()
    return trial


def main() -> int:
    arguments = _parse()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    first, _, last = arguments.seeds.partition("-")
    bad = 0
    for seed in range(int(first), int(last or first) + 1):
        plan = schedule(seed, arguments.plans or tuple(PLANS), arguments.only)
        folder = Path(tempfile.mkdtemp(prefix=f"tfinfra-faults-{seed}-"))
        began = time.monotonic()
        trial = try_one(plan, folder)
        struck = ", ".join(fault.name for _, fault in trial.struck) or "nothing struck"
        code = trial.client.returncode if trial.client else None
        took = f"exit {code}, {time.monotonic() - began:.0f} s"
        tell(f"{seed}: {plan}: {struck}; {took}: {'WRONG' if trial.wrong else 'held'}")
        for wrong in trial.wrong:
            tell(f"    {wrong}")
        if trial.wrong:
            bad += 1
            (folder / "told").write_text(trial.told)
            tell(f"    {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    tell(f"{bad} did not hold")
    return 1 if bad else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("seeds", help="one, or the first and the last: 1-50")
    parser.add_argument("--plans", nargs="*", choices=sorted(PLANS), help="only these plans")
    parser.add_argument("--only", nargs="*", choices=sorted(KINDS), default=(), help="only these faults")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
