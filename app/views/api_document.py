"""The OpenAPI document: written from the operations and schemas of the API, so that it says what is answered."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask, jsonify
from flask_appbuilder import AppBuilder, expose
from flask_appbuilder.api import BaseApi
from marshmallow import Schema
from werkzeug.wrappers import Response

from app.version import SOFTWARE
from app.views import api_schemas as schemas
from app.views.guards import signed_in

OPENAPI, VERSION = "3.1.0", "1.0.0"
REFUSALS = {400: "The query is not understood.", 401: "Nobody is signed in.", 403: "The caller may not do this.",
            404: "It does not exist, or the caller does not see it.", 409: "It is in another state.",
            423: "The screen of this session is locked."}  # fmt: skip
ANYWHERE = (401, 403, 423)  # whoever is not signed in, has to choose a password first, or locked the screen


@dataclass(frozen=True)
class Operation:
    """One address: what it is for, its query, what it answers, and its refusals beside those of ANYWHERE."""

    path: str
    name: str
    summary: str
    answer: type[Schema]
    refusals: tuple[int, ...]
    query: type[Schema] | None = None


OPERATIONS = (
    Operation("/api/v1/slips/", "list_slips", "The slips that the caller sees, newest first.", schemas.SlipPageSchema,
              (400,), schemas.PageSchema),
    Operation("/api/v1/slips/{slip_id}", "show_slip", "One slip with all that is asked.", schemas.WholeSlipSchema,
              (404,)),
    Operation("/api/v1/slips/{slip_id}/answers", "own_answers", "Everything the caller answered, each with its proof.",
              schemas.AnswersSchema, (404,)),
    Operation("/api/v1/slips/{slip_id}/statistics", "statistics",
              "How many answered, and how: cast, deemed and missing by question.", schemas.StatisticsSchema,
              (404, 409)),
)  # fmt: skip


class DocumentApi(BaseApi):
    """The document that describes the others."""

    resource_name = "openapi.json"
    csrf_exempt = False
    base_permissions: list[str] = []  # who is signed in reads it

    @expose("/", methods=["GET"])
    @expose("", methods=["GET"])
    @signed_in
    def document(self) -> Response:
        return jsonify(document())


@cache
def document() -> dict[str, Any]:
    """OpenAPI 3.1; the session cookie of the pages is what authenticates."""
    spec = APISpec(title="e-Cabinet", version=VERSION, openapi_version=OPENAPI, plugins=[MarshmallowPlugin()],
                   info={"description": SOFTWARE})  # fmt: skip
    spec.components.security_scheme("session", {"type": "apiKey", "in": "cookie", "name": "session"})
    spec.components.schema("Refusal", schema=schemas.RefusalSchema)
    for operation in OPERATIONS:
        spec.path(path=operation.path, operations={"get": _described(operation)})
    return dict(spec.to_dict())


def _described(operation: Operation) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = []
    if "{slip_id}" in operation.path:
        parameters.append({"in": "path", "name": "slip_id", "required": True, "schema": {"type": "integer"}})
    if operation.query:
        parameters.append({"in": "query", "schema": operation.query})
    answers: dict[str, Any] = {"200": _answer(operation.summary, operation.answer)}
    refusals = sorted({*ANYWHERE, *operation.refusals})
    answers |= {str(status): _answer(REFUSALS[status], "Refusal") for status in refusals}
    return {
        "operationId": operation.name, "summary": operation.summary, "parameters": parameters,
        "security": [{"session": []}], "responses": answers,
    }  # fmt: skip


def _answer(description: str, schema: Any) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_api(DocumentApi)
