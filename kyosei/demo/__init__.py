"""The demo municipality: invented people in an invented city, made by calling the actions."""
