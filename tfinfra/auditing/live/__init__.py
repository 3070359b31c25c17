"""A run that lives, held against how it was made: ARM's answers in, findings out. `questions.py` says what is asked,
`check.py` what becomes of the answers."""
