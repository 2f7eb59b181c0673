"""Template tags of referrals."""
