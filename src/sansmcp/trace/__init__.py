"""Looking at what passes between two peers; what is shown is without tokens."""

from sansmcp.session import Direction
from sansmcp.trace.masking import MASK, mask_secrets
from sansmcp.trace.tap import Passed, Tap

__all__ = ["MASK", "Direction", "Passed", "Tap", "mask_secrets"]
