"""`audit --rebuild`: environment and deploy folder made anew in an empty folder, without credentials."""
