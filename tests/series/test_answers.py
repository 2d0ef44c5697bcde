"""What BLS answers, in every shape that was recorded, and in those that its documents show."""

import json
import math
from datetime import date
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.series.observation import Observation, period_of
from server.bls.answers import AnswerClass, AnsweredSeries, Entry, UnreadableAnswer, figure, parse
from tests.real import NEEDS_DATA, expected
from tests.series.bls_server import THRESHOLD, entry, recorded

RECORDED = [
    "average_price_calculations_2022",
    "bad_end_year",
    "daily_threshold",
    "empty_results",
    "invalid_key",
    "invalid_series_array_faq",
    "laucn_county_employment_2021_2023",
    "oews_topcoded_no_data_years",
    "smu_metro_industries_2015.results-only",
]


def body(**members: Any) -> bytes:
    return json.dumps({"status": "REQUEST_SUCCEEDED", "message": [], **members}).encode()


def one_series(*entries: Any, series_id: str = "CES0000000001") -> bytes:
    return body(Results={"series": [{"seriesID": series_id, "data": entries}]})


# ---- recorded answers, against what others made of them


def by_month(series: AnsweredSeries) -> list[list[Any]]:
    known = [one for one in reversed(series.entries) if one.period.startswith("M") and one.period != "M13"]
    days = [period_of(one.year, one.period) for one in known]
    return [
        [day.isoformat(), one.value]
        for day, one in zip(days, known, strict=True)
        if day is not None and one.value is not None
    ]


def shown(found: Entry) -> dict[str, Any]:
    day = period_of(found.year, found.period)
    assert day is not None
    return {
        "year": found.year,
        "period": found.period,
        "date": day.isoformat(),
        "annual": False,
        "value": found.value,
        "preliminary": found.preliminary,
        "revised": found.revised,
        "footnote_codes": [footnote.code for footnote in found.footnotes],
    }


@NEEDS_DATA
@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_answer_says_what_others_read_in_it(name: str) -> None:
    answer = parse(recorded(name))
    known = expected("bls-api", "normalised")["responses"][f"{name}.json"]
    assert str(answer.kind) == known["class"]
    assert answer.status == known["status"]
    assert list(answer.messages) == (known["messages"] or [])
    assert [one.series_id for one in answer.series] == [one["series_id"] for one in known["series"]]
    for series, of in zip(answer.series, known["series"], strict=True):
        months = by_month(series)
        assert series.title == of["title"]
        assert len(series.entries) == of["points"]
        assert months == of["monthly"]
        assert len(months) == of["monthly_with_value"]
        assert [f"{one.year}-{one.period}" for one in series.entries if one.value is None] == of["missing"]
        annual = [one for one in series.entries if one.period in ("A01", "M13", "Q05", "S03")]
        assert [{"year": one.year, "period": one.period, "value": one.value} for one in annual] == of["annual"]
        preliminary = [period_of(one.year, one.period) for one in series.entries if one.preliminary]
        assert [str(day) for day in preliminary] == of["preliminary"]
        assert sum(one.revised for one in series.entries) == of["revised_count"]
        with_value = [one for one in series.entries if one.value is not None and one.period.startswith("M")]
        assert (shown(with_value[-1]) if with_value else None) == of["first"]
        assert (shown(with_value[0]) if with_value else None) == of["latest"]


@NEEDS_DATA
def test_the_last_of_the_recorded_answers_is_among_these() -> None:
    assert sorted(f"{name}.json" for name in RECORDED) == sorted(expected("bls-api", "normalised")["responses"])


@NEEDS_DATA
def test_a_wage_above_the_highest_that_is_published_is_missing_with_a_footnote() -> None:
    assert parse(recorded("oews_topcoded_no_data_years")).observations() == [
        Observation(
            series_id="OEUN000000000000029102313",
            period=date(2018, 1, 1),
            value=None,
            footnotes=("This wage is equal to or greater than $100.00 per hour or $208,000 per year.",),
        )
    ]


# ---- shapes


SERIES = {"seriesID": "CES0000000001", "data": [entry(2024, "M01", "157533", ("P", "preliminary"))]}


@pytest.mark.parametrize(
    "results",
    [{"series": [SERIES]}, [{"series": [SERIES]}], [{"series": []}, {"series": [SERIES]}, {}]],
    ids=["object", "list", "list of several"],
)
def test_results_are_an_object_or_a_list(results: Any) -> None:
    answer = parse(body(Results=results))
    assert answer.kind is AnswerClass.OK
    assert answer.observations() == [
        Observation(series_id="CES0000000001", period=date(2024, 1, 1), value=157_533, footnotes=("preliminary",))
    ]


@pytest.mark.parametrize(
    "results", [{}, [], None, {"series": []}, {"series": None}, [{}]], ids=["{}", "[]", "null", "no", "none", "[{}]"]
)
def test_success_without_a_series_is_an_empty_answer(results: Any) -> None:
    assert parse(body(Results=results)).kind is AnswerClass.EMPTY


def test_success_without_results_is_an_empty_answer() -> None:
    assert parse(body()).kind is AnswerClass.EMPTY


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        ("REQUEST_NOT_PROCESSED", THRESHOLD["message"], AnswerClass.QUOTA_EXHAUSTED),
        ("REQUEST_NOT_PROCESSED", ["The key:0123 provided by the User is invalid."], AnswerClass.KEY_REJECTED),
        ("REQUEST_NOT_PROCESSED", "The key:0123 provided by the User is invalid.", AnswerClass.KEY_REJECTED),
        ("REQUEST_NOT_PROCESSED", [], AnswerClass.FAILED),
        ("REQUEST_FAILED", ["Your request has failed."], AnswerClass.FAILED),
        (
            "REQUEST_FAILED_INVALID_PARAMETERS",
            ["startyear: Value must be a four-digit number."],
            AnswerClass.BAD_REQUEST,
        ),
        ("SOMETHING_NEW", None, AnswerClass.FAILED),
    ],
    ids=["threshold", "key", "key as text", "nothing said", "failed", "parameters", "unknown"],
)
def test_status_and_message_tell_what_kind_of_refusal_it_is(status: str, message: Any, kind: AnswerClass) -> None:
    answer = parse(json.dumps({"status": status, "message": message, "Results": {}}).encode())
    assert answer.kind is kind
    assert not answer.kind.usable


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Series does not exist for Series CES9", AnswerClass.INVALID_SERIES),
        ("Invalid Series for Series  ces!", AnswerClass.INVALID_SERIES),
        ("No Data Available for Series CES0000000001 Year: 2004", AnswerClass.PARTIAL),
        ("Something else to know", AnswerClass.OK),
    ],
)
def test_what_is_lacking_of_a_success_is_said_in_messages(message: str, kind: AnswerClass) -> None:
    answer = parse(body(message=[message], Results={"series": [SERIES]}))
    assert answer.kind is kind
    assert answer.kind.usable


def test_averages_of_a_year_are_no_points_of_months_quarters_and_halves() -> None:
    entries = [entry(2024, code, "1") for code in ("M13", "M12", "Q05", "Q04", "S03", "S02")]
    assert [one.period for one in parse(one_series(*entries)).observations()] == [
        date(2024, 12, 1),
        date(2024, 10, 1),
        date(2024, 7, 1),
    ]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("4.2", 4.2),
        ("-0.3", -0.3),
        ("1,234.5", 1234.5),
        (17585, 17585.0),
        ("-", None),
        ("", None),
        (" ", None),
        (None, None),
        ("N/A", None),
        ("NaN", None),
        ("inf", None),
    ],
    ids=repr,
)
def test_what_is_no_number_is_missing(written: object, value: float | None) -> None:
    assert figure(written) == value


def test_a_footnote_without_text_is_none() -> None:
    made = entry(2024, "M01", "1", ("P", ""), ("R", " Revised "))
    assert parse(one_series(made)).observations()[0].footnotes == ("Revised",)


@pytest.mark.parametrize("footnotes", [None, [], [{}], ["P"], 5, "P", {"code": "P"}], ids=repr)
def test_footnotes_may_be_missing_in_any_way(footnotes: Any) -> None:
    made = {**entry(2024, "M01", "1"), "footnotes": footnotes}
    assert parse(one_series(made)).observations()[0].footnotes == ()


UNREADABLE = {
    "nothing": b"",
    "not JSON": b"<html>Sorry</html>",
    "cut off": one_series(entry(2024, "M01", "1"))[:-20],
    "not UTF-8": b'{"status": "\xff"}',
    "no object": b"[]",
    "another object": b'{"error": "x"}',
    "a status that is no text": b'{"status": 200, "Results": {}}',
    "results that are text": body(Results="none"),
    "results that are a list of text": body(Results=["none"]),
    "series that are no list": body(Results={"series": {"seriesID": "A"}}),
    "a series that is text": body(Results={"series": ["A"]}),
    "a series without id": body(Results={"series": [{"data": []}]}),
    "data that are no list": body(Results={"series": [{"seriesID": "A", "data": {"year": "2024"}}]}),
    "a figure that is text": one_series("2024"),
    "a year that is none": one_series(entry(2024, "M01", "1") | {"year": "20x4"}),
    "a figure without a period": one_series({"year": "2024", "value": "1"}),
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_answer_is_not_taken_for_one(content: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        parse(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "status": st.sampled_from(["REQUEST_SUCCEEDED", "REQUEST_NOT_PROCESSED"]) | JSON,
            "message": JSON,
            "Results": JSON
            | st.fixed_dictionaries(
                {
                    "series": st.lists(
                        st.fixed_dictionaries(
                            {"seriesID": st.text(max_size=8)},
                            optional={
                                "catalog": JSON,
                                "data": JSON
                                | st.lists(
                                    st.fixed_dictionaries(
                                        {
                                            "year": st.integers(0, 9999).map(str),
                                            "period": st.sampled_from(["M01", "Q05", "X"]),
                                        },
                                        optional={"value": JSON, "footnotes": JSON},
                                    ),
                                    max_size=2,
                                ),
                            },
                        ),
                        max_size=2,
                    )
                }
            ),
        },
    )
)
def test_whatever_json_comes_it_is_an_answer_or_none(content: Any) -> None:
    try:
        answer = parse(orjson.dumps(content))
    except UnreadableAnswer:
        return
    assert answer.kind in AnswerClass
    for observation in answer.observations():
        assert observation.value is None or math.isfinite(observation.value)
