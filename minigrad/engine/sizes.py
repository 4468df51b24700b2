"""What is large, and what fits into a cache: the sizes by which the engine decides."""

LARGE = 1 << 20  # bytes of a weight that no longer fit into a core's own cache
PIECE = 1 << 21  # bytes of a weight that are worked on at a time, and stay in the cache
CACHE = 12 << 20  # bytes of memory that a piece of a batch may take
