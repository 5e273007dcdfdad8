"""Clock and queue: a task finds ids and calls one act per id."""
