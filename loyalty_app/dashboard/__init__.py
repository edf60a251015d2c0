"""How is it going."""
