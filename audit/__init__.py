"""Change records and the access log: append-only, plain text ids, no foreign keys into the domain."""
