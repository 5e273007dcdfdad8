"""The log of a slip (nhật ký phiếu): one RFC 9162 tree, appended under the slip's row lock."""

from app.models import SlipLeaf, SlipLeafKind
from app.workflows.tree_log import TreeLog

LOG = TreeLog(SlipLeaf, "slip_id", SlipLeafKind)
