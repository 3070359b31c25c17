"""A trial that does nothing but log what it was given."""

import argparse

from tfinfra import Run

parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float)
Run.get_context().log("score", parser.parse_args().rate)
