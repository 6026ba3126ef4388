"""The explorer: a scenario's joint distribution in one page, summed in anybody's browser."""
