"""Every write of referrals, one use case per file."""
