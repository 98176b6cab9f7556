"""``python -m ddpg_lib`` is ``ddpg``."""

import sys

from ddpg_lib.cli.main import main

sys.exit(main())
