"""The key ring to be looked at: what hangs on each key."""
