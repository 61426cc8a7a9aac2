"""Find the image of a source that a table names: by path, by the end of a path, or by file name without suffix."""

import posixpath
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from bearkit.images import suffixes
from bearkit.sources.folder_names import same_name, split_of

Parts = tuple[str, ...]


class ImageIndex:
    """Finds the images of one source by the names that tables have for them.

    Upper and lower case and the Unicode form are ignored, unless two paths differ only by these.
    """

    def __init__(self, root: str, paths: Iterable[PurePosixPath]) -> None:
        self.root = root
        self._parts = {path: _folded(path.parts) for path in paths}
        self._by_name: dict[str, list[PurePosixPath]] = defaultdict(list)
        self._by_stem: dict[str, list[PurePosixPath]] = defaultdict(list)
        for path, parts in self._parts.items():
            self._by_name[parts[-1]].append(path)
            self._by_stem[_stem(parts[-1])].append(path)

    def __len__(self) -> int:
        return len(self._parts)

    def find(self, name: str, home: PurePosixPath) -> list[PurePosixPath]:
        """Return the images that a name may mean: one if it is clear, none, or several.

        Args:
            name: the name of the image in the table.
            home: the folder of the table.
        """
        written = _written(name)
        if not written or "\n" in written:
            return []
        given = _folded(PurePosixPath(written).parts)
        below = _folded((*home.parts, *PurePosixPath(written).parts))
        named = self._named(given[-1]) if given else []
        inside = _folded(home.parts)
        ends = [path for path in named if self._ends_alike(path, given) and self._may(path, home)]
        for fits in (
            [path for path in named if _same(self._parts[path], _normal(below))],
            [path for path in named if _same(self._parts[path], given)],
            [path for path in ends if self._parts[path][: len(inside)] == inside],
            ends,
        ):
            if fits:
                exact = [path for path in fits if path.name == PurePosixPath(written).name]
                return exact if len(exact) == 1 else fits
        return []

    def _named(self, name: str) -> list[PurePosixPath]:
        """Return the images with this file name; if there are none, those with another suffix or without one."""
        paths = self._by_name.get(name) or self._by_stem.get(name)
        if paths is None and PurePosixPath(name).suffix in suffixes():
            paths = self._by_stem.get(_stem(name))
        return paths or []

    def _may(self, path: PurePosixPath, home: PurePosixPath) -> bool:
        """Return whether a table may mean this image: a table in a split's folder means only images of that split."""
        own, theirs = _splits(home.parts), _splits(path.parts[:-1])
        return not own or not theirs or own == theirs

    def _ends_alike(self, path: PurePosixPath, given: Parts) -> bool:
        """Return whether the shorter of two paths is the end of the other one, without the file's suffix."""
        own = self._parts[path][:-1]
        dirs = given[:-1]
        n = min(len(own), len(dirs))
        if n and own[-n:] != dirs[-n:]:
            return False
        if own or not dirs:
            return True
        around = split_of(dirs[-1])  # the source's own folder, by any name but that of another split
        return around is None or around == split_of(self.root) or same_name(dirs[-1], self.root)


def label_studio_path(name: str) -> str:
    """Return the path in a name by Label Studio: its uploads have a prefix, its local files are a query.

    >>> label_studio_path("/data/local-files/?d=bears/teddy/0.jpg"), label_studio_path("/data/upload/1/1a2b3c4d-0.jpg")
    ('bears/teddy/0.jpg', '0.jpg')
    """
    if uploaded := re.fullmatch(r"(?:https?://[^/]+)?/data/upload/(?:.*/)?[0-9a-f]{8}-([^/?]+)(?:\?.*)?", name):
        return uploaded.group(1)
    return name.partition("?d=")[2].partition("&")[0] or name


def _written(name: str) -> str:
    """Return the path in a table's text, with forward slashes, without a drive and without the host of a URL."""
    plain = label_studio_path(name)
    if plain != name:
        plain = unquote(plain)
    elif re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+://", plain):
        try:
            address = urlsplit(plain)
        except ValueError:
            return ""
        plain = unquote(address.path)
        plain = PurePosixPath(plain).name if address.scheme.startswith("http") else plain
    plain = re.sub(r"^[a-zA-Z]:(?=[\\/])", "", plain).replace("\\", "/").lstrip("/")
    plain = posixpath.normpath(plain) if plain else ""
    return plain if plain.startswith("../") else plain.removeprefix("./")


def _normal(parts: Parts) -> Parts:
    return PurePosixPath(posixpath.normpath("/".join(parts) or ".")).parts


def _same(own: Parts, given: Parts) -> bool:
    """Return whether two paths are the same without the file's suffix."""
    return len(own) == len(given) and own[:-1] == given[:-1]


def _folded(parts: Iterable[str]) -> Parts:
    return tuple(unicodedata.normalize("NFC", unicodedata.normalize("NFC", part).casefold()) for part in parts)


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


def _splits(dirs: Iterable[str]) -> set[str]:
    return {split for name in dirs if (split := split_of(name))}
