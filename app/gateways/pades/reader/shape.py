"""Decides whether a document consists of nothing but what our own documents consist of.

What is not in the table is refused, so that no list of dangerous things has to be complete. The list of dangerous
names only gives the best known of them a reason of their own.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from .revisions import Revision
from .syntax import Name, Objection, Reference, Stream

Objects = dict[int, Any]
LEAF = ""

_ACTIVE = "JavaScript JS AA OpenAction A Launch URI GoToR GoToE SubmitForm ResetForm ImportData Rendition Movie Sound \
RichMedia RichMediaContent XFA Action Next Screen 3D Thread Trans3D Hide SetOCGState GoTo Link Popup PS"
_ATTACHED = "EmbeddedFile EmbeddedFiles EF AF Filespec FileAttachment Collection FFilter FDecodeParms Ref"
_LAYERED = "OCProperties OC OCG OCGs OCMD"
DANGEROUS = (
    dict.fromkeys(_ACTIVE.split(), "active_content")
    | dict.fromkeys(_ATTACHED.split(), "attachment")
    | dict.fromkeys(_LAYERED.split(), "hidden_layers")
)
# Names that are harmless as values of one key: /Action of a lock.
HARMLESS = {"Action"}


class Kind(NamedTuple):
    """Which entries a dictionary may have: name → the kind of its value, LEAF for a plain value without references."""

    entries: dict[str, str]
    fixed: dict[str, str] = {}
    stream: bool = False
    free: str = ""  # the kind of the values under names that are free


def _kind(leaves: str = "", *, stream: bool = False, free: str = "", fixed: str = "", **kinds: str) -> Kind:
    entries = dict.fromkeys(leaves.split(), LEAF) | kinds
    values = dict(pair.split("=") for pair in fixed.split())
    if stream:
        entries |= dict.fromkeys(("Length", "Filter"), LEAF)
    return Kind(dict.fromkeys(values, LEAF) | entries, values, stream, free)


KINDS = {
    "trailer": _kind("Size ID Prev", Root="catalog", Info="info"),
    "catalog": _kind(
        "Lang PageMode Version", fixed="Type=Catalog", Pages="pages", AcroForm="form", Perms="perms",
        Extensions="extensions", DSS="dss",
    ),
    "dss": _kind(fixed="Type=DSS", Certs="der", OCSPs="der", CRLs="der"),
    "der": _kind(stream=True),
    "extensions": _kind(free="extension"),
    "extension": _kind("BaseVersion ExtensionLevel", fixed="Type=DeveloperExtensions"),
    "info": _kind("Author CreationDate Creator Keywords ModDate Producer Subject Title Trapped"),
    "pages": _kind("Count", fixed="Type=Pages", Kids="page", Parent="pages"),
    "page": _kind(
        "MediaBox Rotate Trans", fixed="Type=Page", Parent="pages", Contents="content", Resources="resources",
        Annots="widget",
    ),
    "content": _kind(stream=True),
    "resources": _kind("ProcSet", Font="fonts", XObject="xobjects"),
    "fonts": _kind(free="font"),
    "font": _kind(
        "Subtype BaseFont Name FirstChar LastChar Widths", fixed="Type=Font", FontDescriptor="descriptor",
        ToUnicode="map",
    ),
    "descriptor": _kind(
        "Ascent CapHeight Descent Flags FontBBox FontName ItalicAngle MissingWidth StemV", fixed="Type=FontDescriptor",
        FontFile2="program",
    ),
    "map": _kind(stream=True),
    "program": _kind("Length1", stream=True),
    "xobjects": _kind(free="xobject"),
    "xobject": _kind(
        "Width Height BitsPerComponent ColorSpace Subtype BBox", stream=True, fixed="Type=XObject", SMask="xobject",
        Resources="resources",
    ),
    "form": _kind("SigFlags DA", Fields="widget", DR="resources"),
    "text_field": _kind("F T Rect Ff Q DA V", fixed="Type=Annot Subtype=Widget FT=Tx", AP="appearance"),
    "sign_field": _kind("F T Rect", fixed="Type=Annot Subtype=Widget FT=Sig", AP="appearance", V="value", Lock="lock"),
    "appearance": _kind(N="xobject"),
    "value": _kind(
        "Filter SubFilter ByteRange Contents Name M Reason Location", fixed="Type=Sig", Reference="reference"
    ),
    "stamp_value": _kind("Filter SubFilter ByteRange Contents", fixed="Type=DocTimeStamp"),
    "reference": _kind("TransformMethod", fixed="Type=SigRef", TransformParams="parameters", Data="catalog"),
    "parameters": _kind("V Action P", fixed="Type=TransformParams"),
    "lock": _kind("Action P", fixed="Type=SigFieldLock"),
    "perms": _kind(DocMDP="value"),
}  # fmt: skip


def refuse_dangerous(revisions: list[Revision]) -> None:
    """Raise Objection for a name that acts, attaches or hides, wherever it stands: active_content and the like."""
    for revision in revisions:
        for value in revision.objects.values():
            for name in _names(value):
                if name in DANGEROUS:
                    raise Objection(DANGEROUS[name])
                if name == "ObjStm":
                    raise Objection("packed_structure")


def _names(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Stream):
            value = value.entries
        if isinstance(value, dict):
            yield from (key for key in value if key not in HARMLESS)
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, Name):
            yield value


def resolved(value: Any, objects: Objects) -> Any:
    """The value itself; a reference to nothing, or to a reference, is refused."""
    if not isinstance(value, Reference):
        return value
    found = objects.get(value.number)
    if value.generation or found is None or isinstance(found, Reference):
        raise Objection("foreign_structure")
    return found


def walk(trailer: dict[str, Any], objects: Objects) -> dict[int, str]:
    """Object number → its kind, for all that can be reached; raises Objection: foreign_structure, annotation."""
    reached: dict[int, str] = {}
    waiting: list[tuple[str, Any]] = [("trailer", trailer)]
    while waiting:
        kind, value = waiting.pop()
        if isinstance(value, Reference):
            number, value = value.number, resolved(value, objects)
            kind = _exact(kind, value)
            if number in reached:
                _refuse_unless(reached[number] == kind)
                continue
            reached[number] = kind
        waiting.extend(_children(kind, value))
    return reached


def _exact(kind: str, value: Any) -> str:
    """Two places may hold one of two kinds; the object says which."""
    entries = value if isinstance(value, dict) else {}
    if kind == "page" and entries.get("Type") == "Pages":
        return "pages"
    if kind == "value" and entries.get("Type") == "DocTimeStamp":
        return "stamp_value"
    if kind == "widget":
        if entries.get("Subtype") != "Widget":
            raise Objection("annotation")
        return "sign_field" if entries.get("FT") == "Sig" else "text_field"
    return kind


def _children(kind: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, list):
        _refuse_unless(all(isinstance(item, (Reference, dict)) for item in value))
        return [(kind, item) for item in value]
    shape = KINDS[_exact(kind, value)]
    _refuse_unless(isinstance(value, Stream) == shape.stream)
    entries = value.entries if isinstance(value, Stream) else value
    _refuse_unless(isinstance(entries, dict) and all(entries.get(key) == name for key, name in shape.fixed.items()))
    children = []
    for key, entry in entries.items():
        inner = shape.free or shape.entries.get(key)
        _refuse_unless(inner is not None)
        if inner:
            children.append((inner, entry))
        else:
            _refuse_unless(_plain(entry))
    return children


def _plain(value: Any) -> bool:
    """Numbers, names, words and lists of them: nothing that leads elsewhere."""
    if isinstance(value, list):
        return all(_plain(item) for item in value)
    return not value if isinstance(value, dict) else not isinstance(value, (Reference, Stream))


def _refuse_unless(usual: bool) -> None:
    if not usual:
        raise Objection("foreign_structure")
