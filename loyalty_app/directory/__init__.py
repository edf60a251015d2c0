"""Members as people who work here see them: find one, and look at everything of theirs in one place."""
