"""What programs send and get: one schema for each object of the API, from which its document is written too."""

from typing import Any

from marshmallow import Schema, fields, validate

from app.models import Choice, Outcome, QuestionKind, SlipState, Urgency

LARGEST_PAGE = 100


def _code(codes: Any, **how: Any) -> fields.String:
    return fields.String(validate=validate.OneOf([*(code.value for code in codes), *([None] if how else [])]), **how)


class PageSchema(Schema):
    """Which slips are asked for; `page` is counted from 0."""

    page = fields.Integer(load_default=0, validate=validate.Range(0, 10_000))
    page_size = fields.Integer(load_default=25, validate=validate.Range(1, LARGEST_PAGE))
    state = fields.List(_code(SlipState), load_default=list)


class OrganisationSchema(Schema):
    abbreviation = fields.String(required=True)
    name = fields.String(required=True)


class SlipSchema(Schema):
    """A slip in a list; `answered` is about the caller, None for who is not asked."""

    id = fields.Integer(required=True)
    number = fields.String(required=True)
    round = fields.Integer(required=True)
    matter = fields.String(required=True)
    organisation = fields.Nested(OrganisationSchema, required=True, allow_none=True)
    urgency = _code(Urgency)
    state = _code(SlipState)
    issued_at = fields.DateTime(required=True, allow_none=True)
    deadline_at = fields.DateTime(required=True, allow_none=True)
    closed_at = fields.DateTime(required=True, allow_none=True)
    answered = fields.Boolean(required=True, allow_none=True)


class SlipPageSchema(Schema):
    count = fields.Integer(required=True)
    page = fields.Integer(required=True)
    page_size = fields.Integer(required=True)
    result = fields.List(fields.Nested(SlipSchema), required=True)


class NamedQuestionSchema(Schema):
    """Which question it is; `main` is the one that decides the outcome."""

    index = fields.Integer(required=True)
    kind = _code(QuestionKind)
    main = fields.Boolean(required=True)


class QuestionSchema(NamedQuestionSchema):
    text = fields.String(required=True)
    options = fields.List(fields.String(), required=True)


class PaperSchema(Schema):
    version_id = fields.Integer(required=True)
    title = fields.String(required=True)
    version = fields.Integer(required=True)
    sha256 = fields.String(required=True)
    pages = fields.Integer(required=True, allow_none=True)
    draft = fields.Boolean(required=True)


class ExtensionSchema(Schema):
    before = fields.DateTime(required=True)
    after = fields.DateTime(required=True)
    reason = fields.String(required=True)


class RulesSchema(Schema):
    """Under which rule set it counts, and where that is written."""

    rule_set = fields.String(required=True, allow_none=True)
    legal_source = fields.String(required=True, allow_none=True)


class WholeSlipSchema(SlipSchema, RulesSchema):
    """A slip with all that is asked; `definition_sha256` names it in every answer, None before the issue."""

    legal_basis = fields.String(required=True)
    questions = fields.List(fields.Nested(QuestionSchema), required=True)
    papers = fields.List(fields.Nested(PaperSchema), required=True)
    extensions = fields.List(fields.Nested(ExtensionSchema), required=True)
    definition_sha256 = fields.String(required=True, allow_none=True)
    passkey_demanded = fields.Boolean(required=True)
    previous_id = fields.Integer(required=True, allow_none=True)


class ArticleOpinionSchema(Schema):
    article = fields.Integer(required=True)
    choice = _code(Choice, allow_none=True)
    text = fields.String(required=True)


class PartSchema(Schema):
    """What was answered to one question; None where its kind has no such part."""

    question = fields.Integer(required=True)
    choice = _code(Choice, allow_none=True)
    option = fields.Integer(required=True, allow_none=True)
    text = fields.String(required=True)
    articles = fields.List(fields.Nested(ArticleOpinionSchema), required=True)


class AttachmentSchema(Schema):
    name = fields.String(required=True)
    sha256 = fields.String(required=True)
    size = fields.Integer(required=True)


class AnswerSchema(Schema):
    """One signed answer of the caller and what proves it; `standing` is true for the one that counts."""

    at = fields.DateTime(required=True)
    standing = fields.Boolean(required=True)
    answers = fields.List(fields.Nested(PartSchema), required=True)
    reservation = fields.Boolean(required=True)
    attachments = fields.List(fields.Nested(AttachmentSchema), required=True)
    statement_sha256 = fields.String(required=True)
    leaf_seq = fields.Integer(required=True)
    leaf_hash = fields.String(required=True)
    root = fields.String(required=True)
    key_place = fields.String(required=True)
    passkey = fields.Boolean(required=True)


class AnswersSchema(Schema):
    result = fields.List(fields.Nested(AnswerSchema), required=True)


class OptionCountSchema(Schema):
    option = fields.Integer(required=True)
    text = fields.String(required=True)
    count = fields.Integer(required=True)


class SilenceSchema(Schema):
    """Who did not answer: deemed to agree, and missing."""

    deemed = fields.Integer(required=True)
    missing = fields.Integer(required=True)


class ArticleCountSchema(SilenceSchema):
    article = fields.Integer(required=True)
    agree = fields.Integer(required=True)
    disagree = fields.Integer(required=True)
    other = fields.Integer(required=True)


class QuestionCountSchema(NamedQuestionSchema, SilenceSchema):
    """Cast, deemed and missing add up to all members; None where the kind of question has no such number."""

    agree = fields.Integer(required=True, allow_none=True)
    disagree = fields.Integer(required=True, allow_none=True)
    other = fields.Integer(required=True, allow_none=True)
    counted_for = fields.Integer(required=True, allow_none=True)
    threshold = fields.Integer(required=True, allow_none=True)
    percent_of_all = fields.String(required=True, allow_none=True)
    outcome = _code(Outcome, allow_none=True)
    options = fields.List(fields.Nested(OptionCountSchema), required=True, allow_none=True)
    articles = fields.List(fields.Nested(ArticleCountSchema), required=True, allow_none=True)
    spoken = fields.Integer(required=True, allow_none=True)


class StatisticsSchema(SilenceSchema, RulesSchema):
    """How many answered, and how, at this moment; `outcome` and `sentence` are None before the close."""

    members = fields.Integer(required=True)
    answered = fields.Integer(required=True)
    outcome = _code(Outcome, allow_none=True)
    sentence = fields.String(required=True, allow_none=True)
    questions = fields.List(fields.Nested(QuestionCountSchema), required=True)


class RefusalSchema(Schema):
    """A refusal: a stable code, one sentence in the caller's language, the field it is about, further details."""

    code = fields.String(required=True)
    message = fields.String(required=True)
    field = fields.String(allow_none=True)
    details = fields.Dict(required=True)
