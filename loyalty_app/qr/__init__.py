"""Drawing QR codes."""
