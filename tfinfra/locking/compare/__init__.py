"""A lock and what there is now → every difference, each at its line in the lock or in the manifest."""

from tfinfra.locking.compare.all_differences import differences, request_differences

__all__ = ["differences", "request_differences"]
