"""Looking at what passes between two peers; what is shown is without tokens."""

from sansmcp.trace.masking import MASK, mask_secrets
from sansmcp.trace.tap import Direction, Passed, Tap

__all__ = ["MASK", "Direction", "Passed", "Tap", "mask_secrets"]
