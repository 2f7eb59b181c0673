"""The ways of apportioning, each a pure function from frozen inputs to rows, all on ``budgets.allocation``."""
