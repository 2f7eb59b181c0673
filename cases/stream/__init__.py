"""経過: everything of a household, or of one case, in one stream."""
