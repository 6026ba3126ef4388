"""Predictors to risk: scikit-learn classifiers for a rare outcome."""
