"""Customers who claim, keep and redeem vouchers."""
