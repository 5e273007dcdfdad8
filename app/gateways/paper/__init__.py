"""Official documents as PDF, in the layout of Decree 30/2020/NĐ-CP."""

from app.gateways.paper.tally import Contradiction, tally_record

__all__ = ["Contradiction", "tally_record"]
