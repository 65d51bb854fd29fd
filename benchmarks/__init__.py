"""threadmill beside its peers: one harness, one module per question. Run as ``python -m benchmarks``."""
