"""A small café to look around in: six weeks of its life, made by the program's own verbs."""
