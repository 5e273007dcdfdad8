"""The evidence bundle and the tool that verifies it, on machines that know nothing of this project."""
