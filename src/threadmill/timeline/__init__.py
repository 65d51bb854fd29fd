"""Timelines: what a pool's threads did, and when, as a file for trace viewers and as a picture."""
