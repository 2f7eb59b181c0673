"""Statutory counts and dashboards: selectors only. Holds nothing yet; the layer keeps its place."""
