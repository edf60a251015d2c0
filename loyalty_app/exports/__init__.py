"""Files that are prepared in the background: pictures, print packs."""
