"""Inspection of uploads: what is accepted as a document, decided by content in a confined process."""

from app.gateways.intake.arrival import another_name, receive, safe_filename, wipe
from app.gateways.intake.inspection import Inspection, Limits, inspect
from app.gateways.intake.refusals import UploadRefused

__all__ = ["Inspection", "Limits", "UploadRefused", "another_name", "inspect", "receive", "safe_filename", "wipe"]
