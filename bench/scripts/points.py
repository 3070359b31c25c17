"""Does a fixed amount of work step by step, as a training does, and logs a point of each step where it is asked to;
then prints what that took, as JSON."""

import argparse
import hashlib
import json
import time

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, required=True)
parser.add_argument("--bytes", type=int, required=True, help="that a step digests")
parser.add_argument("--log", action="store_true")
arguments = parser.parse_args()

run = None
if arguments.log:
    from tfinfra import Run

    run = Run.get_context()

block = bytes(arguments.bytes)
began, used = time.perf_counter(), time.process_time()
for step in range(arguments.steps):
    hashlib.sha256(block).digest()
    if run:
        run.log("loss", 1 / (step + 1))
print(json.dumps({"training_s": time.perf_counter() - began, "cpu_s": time.process_time() - used}))
