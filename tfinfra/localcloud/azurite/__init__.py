"""Blob that is served instead of being folders: azurite, Microsoft's emulator, over HTTPS with bearer tokens.

install.py puts it into the cache through npm; servers.py runs one for each storage account, as long as the daemon
lives; `until_stdin_ends.js` is how an azurite learns that it does not.
"""
