"""Areas, agencies, staff, appointments, roles, the Actor, and the doors every view goes through."""
