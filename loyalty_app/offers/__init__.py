"""What a holder gets."""
