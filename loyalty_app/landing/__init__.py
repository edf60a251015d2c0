"""The page behind a printed code: what it is worth, and how to get it."""
