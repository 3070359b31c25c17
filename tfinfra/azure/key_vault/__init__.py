"""Signatures by a key of Azure's Key Vault, which no machine ever holds."""
