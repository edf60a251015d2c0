"""Where codes are redeemed: locations, and the tablets and tills enrolled there."""
