"""Template tags of households."""
