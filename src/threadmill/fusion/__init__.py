"""Whole NumPy functions in a few passes over memory: lazy arrays, the record of what is put off, passes."""
