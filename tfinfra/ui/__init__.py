"""`tfinfra ui`: this machine's runs in a browser, on loopback. `serve.py` is the process, `app.py` its paths; `door.py`
lets in who has the token, `guard.py` holds every request against what a browser can be made to send; `looks.py` reads
so that nothing that is silent keeps a page waiting; `asking.py` and `acts.py` are the two things that can be done."""
