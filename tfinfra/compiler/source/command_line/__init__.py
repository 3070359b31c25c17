"""What a script takes on its command line, by the library that reads it: as far as its text says so for certain."""
