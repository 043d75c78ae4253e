"""VGG, Section 2.3: two convolutions of 3x3 see what one of 5x5 sees, with 18 C^2 weights instead of 25 C^2."""

from .stacks import stack_claim

CLAIM = stack_claim("two_3x3", 2, 5)
