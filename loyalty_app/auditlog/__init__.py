"""What people changed, to be read: the trail itself is written far below, by everybody."""
