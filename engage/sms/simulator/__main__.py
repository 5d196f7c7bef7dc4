"""`python -m engage.sms.simulator`."""

import sys

from engage.sms.simulator import run

sys.exit(run(sys.argv[1:]))
