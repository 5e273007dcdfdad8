"""Socket messages: they only tell; whoever wants to act sends a request."""
