"""The object store that is Azure Blob: requests by obstore, downloads in parts, its errors."""
