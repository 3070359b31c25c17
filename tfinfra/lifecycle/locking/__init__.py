"""Locks: made of a manifest and its surroundings, and held against them."""
