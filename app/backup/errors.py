"""What ends a backup or a restore: one sentence that names the first thing that is wrong."""


class Broken(Exception):
    """Something is missing, changed, or in the way; the sentence names it for whoever runs the command."""
