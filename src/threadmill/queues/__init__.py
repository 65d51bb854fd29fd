"""Queues: first in first out, last in first out, by priority, and of one dtype."""
