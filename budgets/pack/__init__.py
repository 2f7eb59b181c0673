"""The audit pack: what stands in it, how it is made, and how it is verified from its own CSV alone."""
