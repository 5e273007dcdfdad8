"""The API of slips: every answer is what its document says, for everybody, and it opens nothing that pages do not."""

import jsonschema
import pytest

from app.models import QuestionKind
from app.views.api_document import OPERATIONS, document
from app.workflows import slip_board, slip_closing
from app.workflows.engine.rights import SYSTEM
from app.workflows.slips import Question
from tests.slipping import CONSENT, LATE, SlipScene

COLUMNS = ("agree", "disagree", "other", "deemed", "missing")
PEOPLE = ("a", "head", "clerk", "auditor", "records", "admin", "guest")


@pytest.fixture
def slip(app):
    return SlipScene()


@pytest.fixture
def slips(slip):
    """One in the making, one that is answered, one that is closed with every kind of question but articles."""
    draft = slip.draft().id
    running = slip.issue()
    slip.answer("a", running)
    slip.answer("a", running, "disagree")
    closed = slip.issue(CONSENT, Question(QuestionKind.PICK, "Phương án?", ("Một", "Hai")),
                        Question(QuestionKind.TEXT, "Ý kiến khác"))  # fmt: skip
    slip_closing.close_slip(SYSTEM, closed, LATE)
    return {"draft": draft, "running": running, "closed": closed}


def valid(path, status, content):
    """The answer fits the schema that the document has for this status of this address."""
    whole = document()
    answers = whole["paths"][path]["get"]["responses"]
    assert str(status) in answers, (path, status, content)
    schema = answers[str(status)]["content"]["application/json"]["schema"]
    if isinstance(schema, str):
        schema = {"$ref": f"#/components/schemas/{schema}"}
    jsonschema.Draft202012Validator({**schema, "components": whole["components"]}).validate(content)
    if status == 200 and "$ref" in schema:
        named = whole["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        assert set(content) == set(named["properties"])


def asked(at, name, path):
    response = at(name).client.get(path, headers={"Accept": "application/json"})
    return response.status_code, response.get_json()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_answer_to_everybody_is_what_the_document_says(app, at, slips, operation):
    seen = set()
    for name in PEOPLE:
        for slip_id in (*slips.values(), 999):
            status, content = asked(at, name, operation.path.format(slip_id=slip_id))
            valid(operation.path, status, content)
            seen.add(status)
    assert 200 in seen
    status = app.test_client().get(operation.path.format(slip_id=1)).status_code
    assert status == 401


def test_the_document_is_one_of_openapi_and_describes_every_address(app, at):
    status, told = asked(at, "a", "/api/v1/openapi.json")
    assert (status, told) == (200, document())
    assert told["openapi"].startswith("3.1")
    ours = {str(rule) for rule in app.url_map.iter_rules() if str(rule).startswith("/api/v1/slips")}
    assert {rule.replace("<int:slip_id>", "{slip_id}") for rule in ours} == set(told["paths"])


def test_it_shows_what_the_pages_show_and_no_more(at, slips):
    def numbers(name, query=""):
        status, found = asked(at, name, f"/api/v1/slips/{query}")
        assert status == 200
        assert found["count"] >= len(found["result"])
        return {row["id"] for row in found["result"]}

    assert numbers("clerk") == set(slips.values())
    assert numbers("a") == {slips["running"], slips["closed"]}
    assert numbers("records") == set()
    assert numbers("a", "?state=closed") == {slips["closed"]}
    assert len(numbers("clerk", "?page_size=1&page=1")) == 1
    assert asked(at, "a", f"/api/v1/slips/{slips['draft']}")[0] == 404


def test_nobody_but_the_board_reads_counts_before_the_close(at, slip, slips):
    path = f"/api/v1/slips/{slips['running']}/statistics"
    assert asked(at, "a", path)[0] == 403
    status, told = asked(at, "clerk", path)
    assert (status, told["members"], told["answered"], told["missing"], told["outcome"]) == (200, 5, 1, 4, None)
    main = told["questions"][0]
    assert {name: main[name] for name in ("agree", "disagree", "other", "deemed", "missing", "outcome")} == {
        "agree": 0, "disagree": 1, "other": 0, "deemed": 0, "missing": 4, "outcome": None,
    }  # fmt: skip
    slip.answer("b", slips["running"])
    later = asked(at, "clerk", path)[1]["questions"][0]
    assert (later["agree"], later["disagree"], later["missing"]) == (1, 1, 3)
    board = slip_board.board_of(slip.who["clerk"], slips["running"], slip.now).counts
    assert {column.value: number for column, number in board.items()} == {name: later[name] for name in COLUMNS}
    status, told = asked(at, "a", f"/api/v1/slips/{slips['closed']}/statistics")
    assert status == 200
    main = told["questions"][0]
    assert sum(main[name] for name in ("agree", "disagree", "other", "deemed", "missing")) == told["members"]
    assert (main["deemed"], told["deemed"], told["outcome"]) == (5, 5, "adopted")
    assert asked(at, "clerk", f"/api/v1/slips/{slips['draft']}/statistics")[1]["code"] == "slip_not_issued"


def test_the_own_answers_come_with_their_proofs_and_nobody_elses(at, slips):
    path = f"/api/v1/slips/{slips['running']}/answers"
    status, told = asked(at, "a", path)
    assert (status, [each["standing"] for each in told["result"]]) == (200, [False, True])
    assert [each["answers"][0]["choice"] for each in told["result"]] == ["agree", "disagree"]
    assert asked(at, "b", path) == (200, {"result": []})
    assert asked(at, "clerk", path)[0] == 403


@pytest.mark.parametrize(
    "query", ["page=-1", "page=x", "page_size=0", "page_size=101", "state=open", "order=1", "page=" + "9" * 400]
)
def test_an_odd_query_is_refused_with_the_field(at, slips, query):
    status, told = asked(at, "a", f"/api/v1/slips/?{query}")
    assert (status, told["code"], told["field"]) == (400, "malformed", query.partition("=")[0])


def test_it_takes_nothing_but_questions(at, slips):
    for path in ("/api/v1/slips/", f"/api/v1/slips/{slips['running']}"):
        for method in ("post", "put", "delete"):
            refused = getattr(at("clerk").client, method)(path)
            assert refused.status_code in (400, 405)
            assert {"code", "message"} <= set(refused.get_json())


def test_a_locked_screen_is_told_so_as_json(at, slips):
    screen = at("clerk")
    screen.post("/lock")
    locked = screen.client.get("/api/v1/slips/")
    assert (locked.status_code, locked.get_json()["code"]) == (423, "session_locked")
    valid("/api/v1/slips/", 423, locked.get_json())
