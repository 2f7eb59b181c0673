"""Persons, households through time, kinship, and the access grants that rest on a household."""
