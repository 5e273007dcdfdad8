"""Which passwords are good enough for an account."""

SHORTEST = 12
LONGEST = 128


def is_good_password(password: str, username: str) -> bool:
    """12 to 128 visible characters with small and capital letters, digits and other signs, without the user name."""
    return (
        SHORTEST <= len(password) <= LONGEST
        and password.isprintable()
        and any(letter.islower() for letter in password)
        and any(letter.isupper() for letter in password)
        and any(letter.isdigit() for letter in password)
        and any(not letter.isalnum() for letter in password)
        and username.casefold() not in password.casefold()
    )
