import argparse

from tfinfra import Run

parser = argparse.ArgumentParser()
parser.add_argument("--learning-rate", type=float)
parser.add_argument("--batch-size", type=int)
parser.add_argument("--epochs", type=int)
given = parser.parse_args()
Run.get_context().log("validation_acc", given.learning_rate)
