"""What the columns of a user's own file mean, declared in a file that a person can read."""
