"""The facts about one picture that the Data tab shows beside its grid."""

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.schema import Decision, ImageRecord
from bearkit.studio import html


def image_facts(catalog: Catalog, image: ImageRecord, label: str, split: str, deleted: bool) -> list[tuple[str, str]]:
    """Return (name, text) facts about an image, for people.

    Args:
        catalog: of the project.
        image: as it was imported.
        label: its present label, "" for none.
        split: its split, "" for none.
        deleted: whether it was deleted.
    """
    return [
        ("label", "deleted" if deleted else label or "none"),
        ("imported as", image.label or "without a label"),
        ("split", split or "none"),
        ("picture", f"{image.width} × {image.height} {image.format}, {image.bytes:,} bytes"),
        ("file", f"{image.path}{' (used in place)' if image.linked else ''}"),
        *_sources(catalog, image),
        *(("decision", _sentence(decision)) for decision in DecisionLog(catalog).of_image(image.image_id)),
        ("id", image.image_id),
    ]


def _sources(catalog: Catalog, image: ImageRecord) -> list[tuple[str, str]]:
    """Return (name, text) facts about where an image came from."""
    rows = []
    for source in catalog.origins(image.image_id):
        when = f", {source.seen[:10]}" if source.seen else ""
        rows.append(("from", source.origin))
        if source.address and source.address != source.origin:
            rows.append(("redirected to", source.address))
        rows.append(("", f"{source.status} as `{source.label or 'no label'}`{when}"))
        rows += [
            (name, text)
            for name, text in (("licence", source.license), ("creator", source.creator), ("page", source.page))
            if text
        ]
    return rows


def _sentence(decision: Decision) -> str:
    """Return a decision in words: what was done, by whom and when."""
    change = (
        f" `{decision.from_label or 'no label'}` to `{decision.to_label}`"
        if decision.action in ("relabel", "label")
        else ""
    )
    action = html.DONE.get(decision.action, decision.action)
    return f"{action}{change}, by {decision.reviewer}, {decision.time[:16].replace('T', ' ')}"
