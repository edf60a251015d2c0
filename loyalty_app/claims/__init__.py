"""A member takes a voucher for later."""
