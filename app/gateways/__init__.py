"""What stands outside the application: signer, files, paper; nothing in here knows the database."""
