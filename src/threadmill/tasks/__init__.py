"""Python calls on the pool's threads: the pool, its futures, maps, spawned tasks, drains and reductions."""
