"""likelihood_ratio."""
