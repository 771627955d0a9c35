"""Shares of good mail that a service may call spam, and spam or unsure, unless told otherwise."""

SPAM_RATE, UNSURE_RATE = 0.001, 0.01
