"""The form that makes a batch of QR codes, with a preview that follows every key stroke."""
