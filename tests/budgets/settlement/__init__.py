"""From cost to claim."""
