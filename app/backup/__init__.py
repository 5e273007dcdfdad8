"""Backup and restore: the whole installation but its keys, in a folder that proves itself."""

from app.backup.errors import Broken
from app.backup.restoring import Restored, check, restore
from app.backup.taking import take

__all__ = ["Broken", "Restored", "check", "restore", "take"]
