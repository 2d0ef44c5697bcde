"""Every limit on what one request may ask of a process, with its unit and its reason."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that one request may send and ask for, and what is kept between requests.

    A document's size is measured on its operations one by one, as they would run: a fragment counts at each
    place where it is spread, and what introspection asks below `__schema` and `__type` counts towards no depth.
    Raises ValueError for a limit that is not above zero: nothing here can be switched off.
    """

    source_characters: int = 100_000
    """Characters of a document. `tokens` stops one that is dense, this one that is long: of blanks, or one string."""

    tokens: int = 2_000
    """Lexical tokens of a document: the parser's time and memory grow with them, 15 ms and 1.2 MB at this many."""

    comments: int = 500
    """Comments of a document: the parser keeps a token for each, and counts them apart from the others."""

    depth: int = 12
    """Fields inside each other. From a cohort through its learners' scores to a bar of a histogram there are 11."""

    aliases: int = 30
    """Renamed fields: the usual way to ask for the same costly thing many times over."""

    fields: int = 2_000
    """Fields, fragments expanded: bounds the response's keys for one object of each kind."""

    directives: int = 50
    """Directives, fragments expanded: each is evaluated again wherever it stands."""

    repeats: int = 50
    """Fields whose name in the response is taken already in the same braces. Validation compares each with each:
    400 of them, which pass every other limit, keep a core busy for 0.4 s. Nobody's generator writes any."""

    operations: int = 10
    """Operations of a document, of which a request runs one: all of them are validated."""

    cost: int = 20_000
    """Objects that an operation may return, worst case (server/cost.py): 0.2 s of the process where each is awaited,
    and 0.03 s where none is, before the database's share."""

    errors: int = 20
    """Faults that are reported of one document; validation stops there."""

    body_bytes: int = 2 * 1024 * 1024
    """Bytes of a GraphQL request's body. A full batch of events with every field set takes about 0.5 MB."""

    batch_events: int = 1_000
    """Events of one `recordEvents`, as the contract promises; more goes through `POST /events`."""

    request_seconds: float = 15.0
    """Seconds until an unfinished request is given up: proxies in front usually wait 30."""

    cached_documents: int = 512
    """Documents kept parsed and checked. A client application has some dozens; inlined arguments make many."""

    cached_document_characters: int = 10_000
    """Characters up to which a document is kept: longer ones are rare, and one of them would displace many."""

    cached_characters: int = 400_000
    """Characters of all kept documents together: parsed and planned, one takes up to 250 bytes, so 100 MB in all."""

    registered_documents: int = 1_000
    """Documents that clients registered by their sha256, kept by a process."""

    registered_characters: int = 4_000_000
    """Characters of those together: they are texts alone, so a few MB."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) > 0:
                raise ValueError(f"The limit {field.name} must be above 0.")
