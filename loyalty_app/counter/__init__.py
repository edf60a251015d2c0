"""The counter: scan a code, see the answer from across it."""
