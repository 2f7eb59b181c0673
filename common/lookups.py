"""Conditions that Django has no word for."""

from __future__ import annotations

from typing import Any

from django.db.models import ForeignKey, IntegerField, Lookup, TextField


@TextField.register_lookup
class Holds(Lookup):
    """``text__holds=word``: the word stands in it. What LIKE would find, but the planner guesses nothing from the word."""

    lookup_name = "holds"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        lhs, lhs_params = self.process_lhs(compiler, connection)
        rhs, rhs_params = self.process_rhs(compiler, connection)
        return f"STRPOS({lhs}, {rhs}) > 0", [*lhs_params, *rhs_params]


@IntegerField.register_lookup
@ForeignKey.register_lookup
class OneOf(Lookup):
    """``pk__one_of=[1, 2]``: as ``__in``, with the numbers in one parameter; a thousand of their own take longer to write out
    than to look up.
    """

    lookup_name = "one_of"

    def get_prep_lookup(self) -> list[int]:
        return [int(number) for number in self.rhs]

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        lhs, lhs_params = self.process_lhs(compiler, connection)
        return f"{lhs} = ANY(%s::bigint[])", [*lhs_params, self.rhs]
