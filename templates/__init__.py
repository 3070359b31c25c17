"""What is written into a deploy folder, but for the components: templates of Jinja, and bootstrap.py, which is plain
Python and goes word for word into the cloud-init file."""
