"""What an enrolled device does for itself: enrol, ask for a PIN, lock."""
