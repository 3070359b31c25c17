"""resolve, check, plan, render: pure passes from a Manifest to a tree of files. Read pipeline.py first."""
