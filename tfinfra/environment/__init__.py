"""The training environment: requirements → Lock (exact versions with hashes) → a folder with its own interpreter.

The client solves the lock once and keeps it; whoever needs the folder builds it from the lock: the client for the local
cloud's nodes, a node itself on Azure. Standard library and uv only, because it travels in the bundle.
"""
