"""The redeemable unit."""
