"""The desk for batches of QR codes: create, manage, look inside."""
