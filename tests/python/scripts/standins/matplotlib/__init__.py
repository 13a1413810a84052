"""The little of matplotlib that the scripts call."""
