"""Which media type is answered in, and what counts as JSON."""

import pytest

from server.negotiation import GRAPHQL_RESPONSE, JSON, is_json, languages, response_type, wants_page

ACCEPTED = [
    ("", JSON),
    ("*/*", JSON),
    ("application/*", JSON),
    (JSON, JSON),
    (GRAPHQL_RESPONSE, GRAPHQL_RESPONSE),
    ("APPLICATION/JSON", JSON),
    ("application/json; charset=utf-8", JSON),
    ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", GRAPHQL_RESPONSE),
    ("application/json, application/graphql-response+json", JSON),
    ("application/json;q=0.5, application/graphql-response+json;q=0.9", GRAPHQL_RESPONSE),
    ("application/graphql-response+json;q=0.5, application/json;q=0.9", JSON),
    ("*/*, application/graphql-response+json", GRAPHQL_RESPONSE),
    ("*/*;q=0.1, application/graphql-response+json;q=0.05", JSON),
    ("text/html, application/xhtml+xml, */*;q=0.8", JSON),
    # A refusal of one type is not undone by a range that covers it.
    ("application/json;q=0, */*", GRAPHQL_RESPONSE),
    ("application/graphql-response+json;q=0, */*", JSON),
    ("application/*;q=0, application/json", JSON),
    ("text/html", None),
    ("application/json;q=0", None),
    ("application/json;q=0, application/graphql-response+json;q=0, */*", None),
    ("application/*;q=0, */*", None),
    ("application/jsonx", None),
    ("application/json;q=lots", None),
    ("application/json;q=nan", None),
    (",,;q=1,", None),
]


@pytest.mark.parametrize(("accept", "answered"), ACCEPTED)
def test_the_answer_is_in_the_type_that_the_client_likes_best(accept: str, answered: str | None) -> None:
    assert response_type(accept) == answered


CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (CHROMIUM, True),
        ("text/html", True),
        ("application/json", False),
        ("*/*", False),
        ("", False),
        ("application/json, text/html", False),
        ("application/json;q=0.9, text/html", True),
        ("application/graphql-response+json, text/html;q=0.5", False),
        ("text/html;q=0", False),
    ],
)
def test_the_page_is_for_those_who_like_html_best(accept: str, page: bool) -> None:
    assert wants_page(accept) is page


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        'Application/JSON;CHARSET="UTF-8"',
        "application/json; x=y",
    ],
)
def test_json_in_utf_8_is_taken(content_type: str) -> None:
    assert is_json(content_type)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/jsonx",
        "application/json+x",
        "text/json",
        "application/json; charset=utf-16",
        "application/graphql",
        "text/plain; application/json",
    ],
)
def test_anything_else_is_not(content_type: str) -> None:
    assert not is_json(content_type)


@pytest.mark.parametrize(
    ("header", "liked"),
    [
        ("", ()),
        ("de", ("de",)),
        ("de-AT, de;q=0.9, en;q=0.8", ("de-at", "de", "en")),
        ("en;q=0.5,de;q=0.9 , fr ; q=0.7", ("de", "fr", "en")),
        ("fr, de, en", ("fr", "de", "en")),
        ("*", ()),
        ("en;q=0.1, *;q=0.9", ("en",)),
        ("de;q=0, en", ("en",)),
        ("de;q=nan, en;q=high, fr;q=0.1", ("fr",)),
        (";q=1,,;", ()),
    ],
)
def test_languages_come_in_the_order_in_which_they_are_liked(header: str, liked: tuple[str, ...]) -> None:
    assert languages(header) == liked


def test_a_header_without_end_is_read_to_a_point() -> None:
    assert len(languages(",".join(f"x-{number}" for number in range(100_000)))) < 250
