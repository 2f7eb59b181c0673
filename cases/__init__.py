"""Consultations, cases, assessment, plans, progress notes, evaluation, closing and follow-up."""
