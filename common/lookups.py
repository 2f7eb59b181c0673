"""Conditions that Django has no word for."""

from __future__ import annotations

from typing import Any

from django.db.models import Lookup, TextField


@TextField.register_lookup
class Holds(Lookup):
    """``text__holds=word``: the word stands in it. What LIKE would find, but the planner guesses nothing from the word."""

    lookup_name = "holds"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        lhs, lhs_params = self.process_lhs(compiler, connection)
        rhs, rhs_params = self.process_rhs(compiler, connection)
        return f"STRPOS({lhs}, {rhs}) > 0", [*lhs_params, *rhs_params]
