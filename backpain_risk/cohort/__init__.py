"""Synthetic patients whose true risk is known exactly, and the user's own cohort."""
