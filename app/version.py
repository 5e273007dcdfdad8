"""What this software calls itself in signed records."""

SOFTWARE = "e-cabinet 0.1.0"
