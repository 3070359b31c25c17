"""The deploy folder: rendered from the plan, compared, written; and a starter project."""
