"""VGG, Section 2.3: three convolutions of 3x3 see what one of 7x7 sees, with 27 C^2 weights instead of 49 C^2."""

from .stacks import stack_claim

CLAIM = stack_claim("three_3x3", 3, 7, says_more=True)
