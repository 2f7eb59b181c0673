"""The benchmark: a generated city, its main pages measured, and the figures written down."""
