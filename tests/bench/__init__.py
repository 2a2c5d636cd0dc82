"""`make bench`: what the figures of docs/performance.md come from."""
