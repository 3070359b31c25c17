"""The training environment: requirements → Lock (exact versions with hashes) → a folder with its own interpreter.

The client solves the lock once and keeps it. The folder is built from the lock: by the client for the local cloud's
nodes, by each node itself on Azure. Standard library and uv only, because it travels in the bundle.
"""
