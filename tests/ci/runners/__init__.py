"""The runners of CI systems, as far as the pipelines of docs/ci.md ask for them. What they do not know they refuse."""
