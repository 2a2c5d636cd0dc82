"""The first page: what matters today, in widgets that load and fail alone."""
