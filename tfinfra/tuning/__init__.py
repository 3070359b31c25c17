"""A search for parameters, as values. A tune's one writer asks here which set the next trial gets (`draws.py`), tells
how trials ended, and asks which of those under way end early (`policies.py`); `journal.py` is what it writes down, and
goes on from. Nothing here touches a store, a clock or a process."""
