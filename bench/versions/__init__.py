"""`python -m bench versions`: which TensorFlow goes with which Python and backend, and whether what the rules say of
versions is true, by running it."""
