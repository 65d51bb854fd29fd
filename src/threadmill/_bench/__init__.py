"""What is measured here and now: for `python -m threadmill` and its `bench`."""
