"""How every screen looks, is guarded and stays live; knows no feature."""
