"""`tfinfra ui`: this machine's runs in a browser, on loopback. `serve.py` is the process, `app.py` its paths;
`entrance/` says who gets to them; `looks.py` reads so that nothing that is silent keeps a page waiting; `asking.py` and
`acts.py` are the two things that can be done."""
