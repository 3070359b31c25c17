"""Counts the files of its working directory."""

import os

print(sum(len(files) for _, _, files in os.walk("data")), "files", flush=True)
