"""The Redemptions page: scan, live numbers, the whole history."""
