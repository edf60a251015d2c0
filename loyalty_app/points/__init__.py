"""Points: a ledger for each member, and what stands in it."""
