"""NumPy's loops and our kernels on the pool's threads."""
