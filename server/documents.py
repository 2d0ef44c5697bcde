"""Parses, measures and checks documents, each text once: a request with a text seen before costs a look-up."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    ValidationRule,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema import Schema
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from server import cost
from server.caching import Sharing, sharing_of
from server.document_size import INTROSPECTION_FIELDS, measure
from server.limits import Limits
from server.plans import OperationPlan, Planner

REMEDIES: Final = {
    "source_characters": ("characters", "shorten it, or send its values as variables"),
    "tokens": ("tokens", "shorten it, or send its values as variables"),
    "comments": ("comments", "leave some out"),
    "depth": ("fields inside each other", "ask for what is deep inside by its id, in a query of its own"),
    "aliases": ("aliases, fragments expanded", "split it"),
    "fields": ("fields, fragments expanded", "ask for fewer, or split it"),
    "directives": ("directives, fragments expanded", "leave some out"),
    "repeats": ("fields that repeat a name in the same braces", "ask for each once"),
    "operations": ("operations", "send the one that is to run"),
}
"""For each limit on a document, what it counts, and what to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of a document that may run.

    introspection_only: it asks for nothing but `__schema`, `__type` and `__typename`, so it needs no caller.
    cost: objects that it may return, by the request's variables as they were given.
    shared: whether everybody gets the same answer, by the same variables.
    """

    name: str | None
    type: OperationType
    introspection_only: bool
    cost: cost.OperationCost
    maximum_cost: int
    shared: Sharing
    plan: OperationPlan

    def refusal(self, variables: Mapping[str, Any] | None) -> GraphQLError | None:
        """Why it may not run with these variables (QUERY_TOO_COSTLY); None where it may."""
        return cost.refusal(self.cost(variables), self.maximum_cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedDocument:
    """A document that may run, or what is wrong with it. Requests share it, so nobody changes it.

    errors: each with a code in its extensions: GRAPHQL_PARSE_FAILED, GRAPHQL_VALIDATION_FAILED,
        INTROSPECTION_DISABLED, or QUERY_TOO_LARGE with `limit` and `maximum`.
    operations: by name; none where there are errors.
    """

    document: DocumentNode | None = None
    errors: tuple[GraphQLError, ...] = ()
    operations: Mapping[str | None, Operation] = field(default_factory=dict)

    def operation(self, name: str | None) -> Operation:
        """The operation that a request means which names *name*, or names none.

        Raises GraphQLError with the code OPERATION_RESOLUTION_FAILURE where there is no such operation, or no only one.
        """
        operations = self.operations
        if name is None and len(operations) == 1:
            return next(iter(operations.values()))
        operation = operations.get(name)
        if operation is None:
            names = ", ".join(sorted(known for known in operations if known is not None))
            raise GraphQLError(
                f"Name one of the document's operations by `operationName`: {names or 'it has none with a name'}.",
                extensions={"code": "OPERATION_RESOLUTION_FAILURE"},
            )
        return operation


class IntrospectionIsOff(ValidationRule):
    """Refuses `__schema` and `__type`; `__typename`, which clients need with unions, stays."""

    def enter_field(self, node: FieldNode, *_args: Any) -> None:
        if node.name.value in INTROSPECTION_FIELDS:
            self.report_error(
                GraphQLError(
                    f"This server does not answer {node.name.value}: introspection is switched off. "
                    "Read the published schema.",
                    node,
                    extensions={"code": "INTROSPECTION_DISABLED"},
                )
            )


class Documents:
    """The documents of one schema, the most recently used ones kept, refused ones too.

    introspection: whether `__schema` and `__type` are answered.
    suggestions: whether errors name similar fields, types, arguments and enum values ("Did you mean …?"), which gives
        parts of the schema away.
    list_sizes: how long lists are that no argument sizes, by "Type.field" (server/cost.py).
    around_check: entered while a document is parsed and checked, for traces.
    hits, misses: how often a document was there, or had to be parsed.
    One event loop uses it; it has no lock.
    """

    def __init__(
        self,
        schema: Schema,
        limits: Limits,
        *,
        introspection: bool = True,
        suggestions: bool = True,
        list_sizes: Mapping[str, cost.ListSizing] | None = None,
        around_check: Callable[[], AbstractContextManager[Any]] = nullcontext,
    ) -> None:
        self.hits = 0
        self.misses = 0
        self._around_check = around_check
        self._schema = schema._schema
        self._limits = limits
        self._hide_suggestions = not suggestions
        self._rules = (
            *specified_rules,
            MaybeNullValidationRule,
            OneOfInputValidationRule,
            *(() if introspection else (IntrospectionIsOff,)),
        )
        self._costs = cost.CostModel(schema._schema, list_sizes)
        self._planner = Planner(schema)
        self._kept: OrderedDict[str, CheckedDocument] = OrderedDict()
        self._kept_characters = 0
        # What graphql-core says where one of its parser's limits is passed; it has no other sign for that.
        self._parser_limits = {
            f"Syntax Error: Document contains more than {limits.tokens} tokens. Parsing aborted.": "tokens",
            f"Syntax Error: Document contains more than {limits.comments} comments. Parsing aborted.": "comments",
            "Syntax Error: Document is nested too deeply. Parsing aborted.": "depth",
        }

    def get(self, text: str) -> CheckedDocument:
        """The document with this text."""
        checked = self._kept.get(text)
        if checked is not None:
            self._kept.move_to_end(text)
            self.hits += 1
            return checked
        self.misses += 1
        with self._around_check():
            checked = self._check(text)
        self._keep(text, checked)
        return checked

    def _keep(self, text: str, checked: CheckedDocument) -> None:
        limits = self._limits
        if len(text) > limits.cached_document_characters:
            return
        self._kept[text] = checked
        self._kept_characters += len(text)
        while len(self._kept) > limits.cached_documents or self._kept_characters > limits.cached_characters:
            oldest, _ = self._kept.popitem(last=False)
            self._kept_characters -= len(oldest)

    def _check(self, text: str) -> CheckedDocument:
        limits = self._limits
        if len(text) > limits.source_characters:
            return self._too_large("source_characters")
        try:
            document = parse(text, max_lexical_tokens=limits.tokens, max_comments=limits.comments)
        except GraphQLError as error:
            limit = self._parser_limits.get(error.message)
            return self._too_large(limit) if limit else CheckedDocument(errors=(_coded(error, "GRAPHQL_PARSE_FAILED"),))
        size = measure(document)
        for limit, found in (
            ("operations", size.operations),
            ("depth", size.largest.depth),
            ("aliases", size.largest.aliases),
            ("fields", size.largest.fields),
            ("directives", size.largest.directives),
            ("repeats", size.repeats),
        ):
            if found > getattr(limits, limit):
                return self._too_large(limit)
        errors = validate(
            self._schema, document, self._rules, max_errors=limits.errors, hide_suggestions=self._hide_suggestions
        )
        if errors:
            return CheckedDocument(errors=tuple(_coded(error, "GRAPHQL_VALIDATION_FAILED") for error in errors))
        _unlink(document)
        return CheckedDocument(document=document, operations=self._operations(document))

    def _too_large(self, limit: str) -> CheckedDocument:
        maximum = getattr(self._limits, limit)
        counted, remedy = REMEDIES[limit]
        error = GraphQLError(
            f"The document is too large: it has more than {maximum} {counted}; {remedy}.",
            extensions={"code": "QUERY_TOO_LARGE", "limit": limit, "maximum": maximum},
        )
        return CheckedDocument(errors=(error,))

    def _operations(self, document: DocumentNode) -> dict[str | None, Operation]:
        fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        return {
            operation.name.value if operation.name else None: self._operation(operation, fragments)
            for operation in operations
        }

    def _operation(self, node: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> Operation:
        return Operation(
            name=node.name.value if node.name else None,
            type=node.operation,
            introspection_only=all(
                name in INTROSPECTION_FIELDS or name == "__typename" for name in _root_fields(node, fragments)
            ),
            cost=self._costs.of(node, fragments),
            maximum_cost=self._limits.cost,
            shared=sharing_of(self._schema, node, fragments),
            plan=OperationPlan(self._planner, node, fragments, hide_suggestions=self._hide_suggestions),
        )


def _unlink(document: DocumentNode) -> None:
    """Lets go of what a document's tokens know of their neighbours, which only the parser asked for.

    Linked to each other they are freed by nothing but the collector's last generation, long after the document.
    """
    token = document.loc.start_token if document.loc else None
    while token is not None:
        following, token.prev, token.next = token.next, None, None
        token = following


def _root_fields(node: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[str]:
    """The names of the fields that an operation of a valid document asks its root type for."""
    to_do = [node.selection_set]
    entered: set[str] = set()
    while to_do:
        for selection in to_do.pop().selections:
            match selection:
                case FieldNode():
                    yield selection.name.value
                case InlineFragmentNode():
                    to_do.append(selection.selection_set)
                case FragmentSpreadNode() if selection.name.value not in entered:
                    entered.add(selection.name.value)
                    to_do.append(fragments[selection.name.value].selection_set)


def _coded(error: GraphQLError, code: str) -> GraphQLError:
    """The error with a code, unless it has one, and without the syntax tree, which would be kept as long as it is."""
    extensions = {"code": code, **(error.extensions or {})}
    return GraphQLError(error.message, source=error.source, positions=error.positions, extensions=extensions)
