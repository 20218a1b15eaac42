"""The process: work off the event loop, bounded caches."""
