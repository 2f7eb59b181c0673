"""Funding streams, work entries, personnel costs and the apportionment of a month. Minutes and money, no case text."""
