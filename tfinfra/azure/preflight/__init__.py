"""Whether a plan can work, asked of ARM before anything is written: read run.py for the order.

ask.py asks, all at once; one file for each check turns what ARM answered into findings, without asking anything.
"""
