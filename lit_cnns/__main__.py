"""`python -m lit_cnns` is `lit-cnns`."""

import sys

from lit_cnns.cli import main

sys.exit(main())
