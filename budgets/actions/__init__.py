"""Every write of budgets, one use case per file."""
