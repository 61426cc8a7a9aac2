"""Read the front matter of a README: the YAML between two `---` lines at its head, which the Hub evaluates."""

from typing import Any

import yaml


def front_matter(text: str) -> dict[str, Any] | None:
    r"""Return the front matter of a README; None if it has none.

    Raises:
        yaml.YAMLError: the front matter is not valid YAML.

    >>> front_matter("---\nsdk: static\n---\n# Bears"), front_matter("# Bears")
    ({'sdk': 'static'}, None)
    """
    parts = text.split("---\n", 2)
    front = yaml.safe_load(parts[1]) if len(parts) == 3 and not parts[0].strip() else None
    return front if isinstance(front, dict) else None
