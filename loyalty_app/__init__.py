"""Loyalty promotions: vouchers made in batches, claimed by QR code, redeemed exactly once."""
