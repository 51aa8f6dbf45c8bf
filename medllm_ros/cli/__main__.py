"""``python -m medllm_ros.cli`` is ``medllm``."""

import sys

from medllm_ros.cli.main import main

sys.exit(main())
