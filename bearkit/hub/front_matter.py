"""What stands between --- and --- at the head of a README: what the Hub reads of it."""

from typing import Any

import yaml


def front_matter(text: str) -> dict[str, Any] | None:
    r"""The front matter of a README; None where it has none.

    Raises:
        yaml.YAMLError: it cannot be read.

    >>> front_matter("---\nsdk: static\n---\n# Bears"), front_matter("# Bears")
    ({'sdk': 'static'}, None)
    """
    parts = text.split("---\n", 2)
    front = yaml.safe_load(parts[1]) if len(parts) == 3 and not parts[0].strip() else None
    return front if isinstance(front, dict) else None
