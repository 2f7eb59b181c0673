"""Template tags of 按分."""
