"""The pages of runs from outside: of one that goes on, of one that is at home, and of several beside each other."""
