"""The networks and everything needed to run them, from a raw mail to a probability."""
