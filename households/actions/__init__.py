"""Every write of households, one use case per file."""
