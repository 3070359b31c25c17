"""Pulumi's azure-native plugin: where it is kept on this machine, and how it gets there."""
