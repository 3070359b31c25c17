"""A run as one page to look at: values in, HTML out. `values.py` has what a page shows, `page.py` makes the text of
it, `comparison.py` that of several runs beside each other. Touches nothing but its templates.

The page asks nobody for anything, runs no script but its own, and follows no link and no path that a node wrote: all
that others wrote is text in it.
"""
