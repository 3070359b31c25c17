"""Prints numbered lines, each with the time at which it was written, then how long that took."""

import argparse
import time

parser = argparse.ArgumentParser()
parser.add_argument("--count", type=int, required=True)
parser.add_argument("--pause", type=float, default=0.0, help="seconds between two lines")
arguments = parser.parse_args()

began = time.time()
for number in range(arguments.count):
    print(f"{number} {time.time():.6f} loss: 0.1234 - accuracy: 0.9876", flush=arguments.pause > 0)
    if arguments.pause:
        time.sleep(arguments.pause)
print(f"took {time.time() - began:.6f}", flush=True)
