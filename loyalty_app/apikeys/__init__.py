"""Keys with which other programs use this one."""
