"""Offline: corpora to a checkpoint. Imports model, never app."""
