"""The domain core: one file per room, standing on the engine and on the rules."""
