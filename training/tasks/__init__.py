"""Small tasks, each of which one network of the course can do and another cannot."""
