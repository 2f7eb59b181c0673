"""Reads of casework that build something, by page."""

from cases.selectors.queue import home_rows
from cases.selectors.shared import shared_parts

__all__ = ["home_rows", "shared_parts"]
