"""Letters that leave the program."""
