"""The one engine that every code goes through at the counter."""
