"""The queries of one subject a file; those of the hot path are in app.repository."""
