"""What the file of a model must hold, one page a kind of model."""
