"""From cost to claim: the settlement table, estimates and forecasts. Pure functions, and the selectors that feed them."""
