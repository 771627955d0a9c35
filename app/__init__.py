"""The web service: FastAPI over the networks of `model`. Knows nothing of training."""

__version__ = "0.1.0"
