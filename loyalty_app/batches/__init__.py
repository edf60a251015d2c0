"""A set of codes made by one generation."""
