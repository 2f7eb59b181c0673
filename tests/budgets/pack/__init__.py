"""The audit pack and long reports."""
