"""What is wrong with this installation: every check is a function that finds something good, odd or bad.

`flask doctor` prints what they find. A check looks and changes nothing; one that stumbles is itself a finding.
"""

from app.doctor.examination import CHECKS, examine, exit_status
from app.doctor.findings import Finding, Level

__all__ = ["CHECKS", "Finding", "Level", "examine", "exit_status"]
