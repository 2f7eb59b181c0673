"""All that lies between agencies: referrals, conferences, action items."""
