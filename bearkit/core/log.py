"""The log of the package: what it drops and makes again without an error. Silent unless the program sets up logging."""

import logging

logger = logging.getLogger("bearkit")
logger.addHandler(logging.NullHandler())
