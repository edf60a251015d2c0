"""The installation itself: its name, time zone, currency and locale."""
