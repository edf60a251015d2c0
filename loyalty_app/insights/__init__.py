"""What the numbers of a batch say, beside those of its siblings."""
