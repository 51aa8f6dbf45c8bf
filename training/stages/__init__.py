"""The stages: one flat recipe each."""
