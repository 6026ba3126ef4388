"""discrimination."""
