"""The key ring, and the tokens that its keys seal."""
