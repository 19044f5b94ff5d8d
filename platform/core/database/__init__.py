"""PostgreSQL beside the models: locks, writes that wait for no disk, the cache's table."""
