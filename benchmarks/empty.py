"""What an empty job of RQ does."""


def nothing(number: int) -> None:
    """Nothing."""
