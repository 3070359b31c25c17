"""Who reaches the pages: a connection has to bring a whole request in time (`connections.py`), a request is held
against what a browser can be made to send (`guard.py`), a browser is let in by the address that was printed
(`door.py`)."""
