"""One file a subject; each holds a router that `app.main` includes."""
