"""What the numbers of a batch say, and what to do about them."""
