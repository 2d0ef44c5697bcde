"""Runs a checked document: graphql-core's executor, with a short way for what most fields are.

Most fields of a response are attributes of a value that the domain handed up: Strawberry reads them with `getattr`, and
graphql-core makes a path, an info, a dictionary of arguments and five calls around it. Here such an attribute is read
and, if its value is just what its type asks for, put into the response. Whatever is not just that (a null, a subclass,
an integer out of range, an exception, something to await) goes through graphql-core's own methods with the value that
was read, so that results, errors, their order and their paths are the same; tests/server/test_execution.py compares
them over thousands of queries on awkward values.

The methods overridden and called here are not public in graphql-core. The supported releases are those below 3.4, and
the tests hold the signatures.
"""

from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from types import CoroutineType
from typing import Any, TypeAlias, TypeVar, cast

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLResolveInfoHelpers,
    OperationType,
)
from graphql.execution import Executor, default_field_resolver, default_type_resolver
from graphql.execution.collect_fields import FieldDetailsList, collect_fields
from graphql.execution.executor import CollectedErrors, invalid_return_type_error
from graphql.execution.values import VariableValues
from graphql.pyutils import AwaitableOrValue, Path, gather_with_cancel
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from server.immediate import Begun
from server.plans import TAKEN_FROM, OperationPlan, PlannedField, SelectionPlan, Selections, nullable
from server.resolver_calls import LateInfo
from server.taking import take_of

Results = TypeVar("Results", dict[str, Any], list[Any])


class PlannedExecutor(Executor[None]):
    """Executes one request of a planned operation."""

    operation_extensions: Mapping[str, Any] | None = None
    # What resolvers see as `info` stays Strawberry's. Its executor is not the base: that one is made for incremental
    # delivery, which takes another 2 us a request to prepare.
    build_resolve_info = cast("Any", StrawberryGraphQLCoreExecutionContext.build_resolve_info)

    def __init__(self, plan: OperationPlan) -> None:
        """One that is the pattern of those that execute requests (`for_request`)."""
        super().__init__(
            plan.planner.schema,
            plan.fragment_definitions,
            plan.fragments,
            None,
            None,
            plan.operation,
            VariableValues({}, {}),
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            is_awaitable=cast("Any", optimized_is_awaitable),
            hide_suggestions=plan.hide_suggestions,
        )
        self._planner = plan.planner
        self._selections = Selections()
        self._errors_aside = ErrorsAside()  # one for all requests: nothing is left in it while anything is awaited

    @property
    def async_helpers(self) -> GraphQLResolveInfoHelpers:
        """What resolvers may ask of their `info`, made when it is asked for.

        Kept, it would hold the executor that holds it: each request would leave a cycle of its executor, its context
        and all that was read for it, for the garbage collector to find thousands of requests later.
        """
        return GraphQLResolveInfoHelpers(self.gather_async_work, self.track_async_work)

    @async_helpers.setter
    def async_helpers(self, made: GraphQLResolveInfoHelpers) -> None:
        """graphql-core makes them at once."""

    def for_request(
        self, variables: VariableValues, selections: Selections, context: object, root_value: object
    ) -> "PlannedExecutor":
        """An executor of the same operation for one request; graphql-core makes its sub-executors in the same way."""
        executor = object.__new__(PlannedExecutor)
        executor.__dict__.update(self.__dict__)
        executor.root_value = root_value
        executor.context_value = context
        executor.variable_values = variables
        executor.collected_errors = CollectedErrors()
        executor.pending_incremental_futures = set()
        executor.background_futures = set()
        executor._selections = selections
        executor._relevant_sub_fields = selections.collected
        return executor

    def complete_value(
        self,
        return_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: None,
    ) -> AwaitableOrValue[Any]:
        object_type = self._planner.object_type(return_type, type(result))
        if object_type is not None:
            plan = self._plan_if_any(object_type, field_details_list)
            if plan is not None:
                return self._fields(plan, result, path)
        return super().complete_value(return_type, field_details_list, info, path, result, None)

    async def run(self) -> ExecutionResult:
        """The operation's result. Faults of fields are in it; what this raises is a bug, or cancels the request."""
        try:
            root = self._root_plan()
            if self.operation.operation is OperationType.MUTATION:
                data: Any = await self._fields_one_by_one(root)
            else:
                data = self._fields(root, self.root_value, None)
                if type(data) is not dict:
                    data = await data
        except GraphQLError as error:
            self.collected_errors.add(error, None)
            data = None
        return ExecutionResult(data, self.collected_errors.errors or None)

    # graphql-core's own methods that come to an object, to a list or to something to await, from here on with a plan

    async def complete_awaitable_value(
        self,
        return_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: None,
    ) -> Any:
        try:
            completed = self.complete_value(return_type, field_details_list, info, path, await result, None)
            return await completed if self.is_awaitable(completed) else completed
        except Exception as error:
            self.handle_field_error(error, return_type, field_details_list, path)
            return None

    def collect_and_execute_subfields(
        self,
        return_type: GraphQLObjectType,
        field_details_list: FieldDetailsList,
        path: Path,
        result: Any,
        position_context: None,
    ) -> AwaitableOrValue[dict[str, Any]]:
        return self._fields(self._plan(return_type, field_details_list), result, path)

    def complete_iterable_value(
        self,
        item_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Any,
        position_context: None,
    ) -> AwaitableOrValue[list[Any]]:
        if type(items) is list or type(items) is tuple:
            within = nullable(item_type)
            if isinstance(within, GraphQLObjectType):
                plan = self._plan_if_any(within, field_details_list)
                if plan is not None:
                    return self._objects(plan, item_type, field_details_list, info, path, items)
            else:
                rule = self._planner.leaf_rule(within)
                leaves = rule.taken(items) if rule else None
                if leaves is not None:
                    return leaves
        return super().complete_iterable_value(item_type, field_details_list, info, path, items, None)

    # plans

    def _root_plan(self) -> SelectionPlan:
        selections = self._selections
        if selections.root is None:
            root_type = self.schema.get_root_type(self.operation.operation)
            assert root_type is not None, "validation refuses operations that the schema has no type for"
            collected = collect_fields(
                self.schema, self.fragments, self.variable_values, root_type, self.operation, self.hide_suggestions
            )
            selections.root = self._planner.selection(root_type, collected.grouped_field_set)
        return selections.root

    def _plan(self, object_type: GraphQLObjectType, details: FieldDetailsList) -> SelectionPlan:
        plans = self._selections.plans
        plan = plans.get((object_type, id(details)))
        if plan is None:
            fields = self.collect_subfields(object_type, details).grouped_field_set
            plan = plans[object_type, id(details)] = self._planner.selection(object_type, fields)
        return plan

    def _plan_if_any(self, object_type: GraphQLObjectType, details: FieldDetailsList) -> SelectionPlan | None:
        """The plan, or None where the fields cannot be collected: graphql-core finds that out again, at each object."""
        try:
            return self._plan(object_type, details)
        except GraphQLError:
            return None

    def _below(self, field: PlannedField) -> SelectionPlan | None:
        """The plan of the object that a field leads to, or of the objects in its list."""
        object_type = field.object_type if field.item_type is None else nullable(field.item_type)
        return self._plan_if_any(object_type, field.details) if isinstance(object_type, GraphQLObjectType) else None

    # fields

    def _fields(
        self,
        plan: SelectionPlan,
        source: Any,
        path: Path | None,
        key: str | int | None = None,
        typename: str | None = None,
    ) -> AwaitableOrValue[dict[str, Any]]:
        """The fields of the object *source*.

        path: where the object stands in the response; with a key, where its parent does, and *key* and *typename* are
            the rest: most objects are done before anybody needs their path.
        """
        if plan.take is not None:
            try:
                return plan.take(source)
            except Exception:  # whatever it is, it is met again below
                plan.missed()
        elif plan.uses < TAKEN_FROM:
            plan.uses += 1
            if plan.uses == TAKEN_FROM:
                plan.take = take_of(plan, self._planner, self._below)
        parent_type = plan.parent_type
        results: dict[str, Any] = {}
        awaited: list[str] = []
        try:
            for name, attribute, exact, low, high, convert, may_be_null, field in plan.steps:
                value: Any = None
                if exact is not None:
                    try:
                        value = getattr(source, attribute)
                        if type(value) is exact:
                            if convert is not None:
                                converted = convert(value)
                                if converted is not None:
                                    results[name] = converted
                                    continue
                            elif low is None or high is None or low < value < high:
                                results[name] = value
                                continue
                        elif value is None and may_be_null:
                            results[name] = None
                            continue
                    except Exception as error:
                        value = error  # graphql-core treats an exception that is returned like one that is raised
                if key is not None:
                    path = Path(path, key, typename)
                    key = None
                if exact is not None:
                    field_path = Path(path, name, parent_type.name)
                    info = self.build_resolve_info(field.definition, field.nodes, parent_type, field_path)
                    completed = self._completed(field, info, field_path, value)
                else:
                    completed = self._field(field, parent_type, source, path)
                results[name] = completed
                if type(completed) is not dict and self.is_awaitable(completed):
                    awaited.append(name)
        except Exception:
            if awaited:  # a fault that makes this object null must not wait for them, and they must not be lost
                self.settle_in_background([results[name] for name in awaited])
            raise
        return _settled(results, awaited) if awaited else results

    async def _fields_one_by_one(self, plan: SelectionPlan) -> dict[str, Any]:
        """The fields of the root object, each after the one before has finished: the changes of a mutation."""
        results: dict[str, Any] = {}
        for *_, field in plan.steps:
            completed = self._field(field, plan.parent_type, self.root_value, None)
            results[field.name] = await completed if self.is_awaitable(completed) else completed
        return results

    def _field(
        self, field: PlannedField, parent_type: GraphQLObjectType, source: Any, path: Path | None
    ) -> AwaitableOrValue[Any]:
        """The value of one field of *source*, which stands at *path*."""
        if field.constant is not None:
            return field.constant
        if field.attribute is not None:
            return self._attribute(field, field.attribute, parent_type, source, path)
        field_path = Path(path, field.name, parent_type.name)
        if field.call is None or field.arguments is None:
            return self.execute_field(parent_type, source, field.details, field_path, None)
        arguments = field.arguments.of(self.variable_values.coerced)
        if arguments is None:
            return self.execute_field(parent_type, source, field.details, field_path, None)
        info = LateInfo(self, field, parent_type, field_path)
        try:
            value = field.call(source, info, arguments)
            if type(value) is CoroutineType:
                value = Begun(value)
                if value.done:
                    plan = self._plan_of_value(field, value.result)
                    if plan is not None:
                        return self._at_once(plan, field, field_path, value.result)
                elif field.looks_ahead:
                    self._look_ahead(field, arguments)
        except Exception as error:
            value = error
        return self._completed(field, info._raw_info, field_path, value)

    def _plan_of_value(self, field: PlannedField, value: Any) -> SelectionPlan | None:
        plan = field.plans.get(type(value))
        if plan is None:
            object_type = self._planner.object_type(field.definition.type, type(value))
            plan = None if object_type is None else self._plan_if_any(object_type, field.details)
            if plan is not None:
                field.plans[type(value)] = plan
        return plan

    def _at_once(self, plan: SelectionPlan, field: PlannedField, path: Path, value: Any) -> AwaitableOrValue[Any]:
        """The object *value*, which was to be awaited and was there already: without a task, or a coroutine.

        Where it has errors it is awaited all the same, and they are added then: those of fields that nobody need wait
        for come before them, and may leave nothing of the object to have errors.
        """
        errors = self.collected_errors
        aside = errors if type(errors) is ErrorsAside else self._errors_aside
        before = len(aside.added)
        self.collected_errors = aside
        completed: Any = None
        fault: Exception | None = None
        try:
            completed = self._fields(plan, value, path)
        except Exception as error:
            fault = error
        finally:
            self.collected_errors = errors
        if fault is not None or len(aside.added) > before:
            completed = self._with_errors(completed, aside.added[before:], fault)
            del aside.added[before:]
        elif type(completed) is dict:
            return completed
        return self._guarded(completed, field.definition.type, field.details, path)

    async def _with_errors(self, completed: Any, errors: "Sequence[PlacedError]", fault: Exception | None) -> Any:
        for error, path in errors:
            self.collected_errors.add(error, path)
        if fault is not None:
            raise fault
        return await completed if self.is_awaitable(completed) else completed

    def _look_ahead(self, field: PlannedField, above: Mapping[str, Any]) -> None:
        """Tells the fields below *field* that they will be asked for: what they read may be read with its value.

        above: the arguments of *field*.
        """
        expected = field.expected
        if expected is None:
            assert field.object_type is not None, "only fields with objects look ahead"
            below = self._plan_if_any(field.object_type, field.details)
            fields = [step[-1] for step in below.steps] if below is not None else []
            expected = field.expected = tuple(
                (one.expect, one.arguments) for one in fields if one.expect is not None and one.arguments is not None
            )
        for expect, wanted in expected:
            arguments = wanted.of(self.variable_values.coerced)
            if arguments is not None:
                expect(self.context_value, above, **arguments)

    def _attribute(
        self, field: PlannedField, attribute: str, parent_type: GraphQLObjectType, source: Any, path: Path | None
    ) -> AwaitableOrValue[Any]:
        try:
            value = getattr(source, attribute)
        except Exception as error:
            value = error
        if field.object_type is not None and self._planner.plain[type(value)]:
            plan = field.below
            if plan is None:
                plan = field.below = self._plan_if_any(field.object_type, field.details)
            if plan is not None and not plan.reads_info:
                return self._object_below(field, plan, parent_type, value, path)
        field_path = Path(path, field.name, parent_type.name)
        info = self.build_resolve_info(field.definition, field.nodes, parent_type, field_path)
        return self._completed(field, info, field_path, value)

    def _object_below(
        self, field: PlannedField, plan: SelectionPlan, parent_type: GraphQLObjectType, value: Any, path: Path | None
    ) -> AwaitableOrValue[dict[str, Any] | None]:
        try:
            completed: Any = self._object(plan, value, field.details, None, path, field.name, parent_type.name)
        except Exception as error:
            field_path = Path(path, field.name, parent_type.name)
            self.handle_field_error(error, field.definition.type, field.details, field_path)
            return None
        if type(completed) is dict:
            return completed
        field_path = Path(path, field.name, parent_type.name)
        return self._guarded(completed, field.definition.type, field.details, field_path)

    def _completed(
        self, field: PlannedField, info: GraphQLResolveInfo[Any], path: Path, value: Any
    ) -> AwaitableOrValue[Any]:
        """What graphql-core makes of a field's value, whatever the value is."""
        type_ = field.definition.type
        try:
            if self.is_awaitable(value):
                return self.complete_awaitable_value(type_, field.details, info, path, value, None)
            if field.item_type is not None and (type(value) is list or type(value) is tuple):
                completed: Any = self.complete_iterable_value(field.item_type, field.details, info, path, value, None)
            else:
                completed = self.complete_value(type_, field.details, info, path, value, None)
        except Exception as error:
            self.handle_field_error(error, type_, field.details, path)
            return None
        return self._guarded(completed, type_, field.details, path) if self.is_awaitable(completed) else completed

    async def _guarded(
        self, awaitable: Awaitable[Any], type_: GraphQLOutputType, details: FieldDetailsList, path: Path
    ) -> Any:
        try:
            return await awaitable
        except Exception as error:
            self.handle_field_error(error, type_, details, path)
            return None

    # objects and lists of them

    def _object(
        self,
        plan: SelectionPlan,
        value: Any,
        details: FieldDetailsList,
        info: GraphQLResolveInfo[Any] | None,
        path: Path | None,
        key: str | int,
        typename: str | None,
    ) -> AwaitableOrValue[dict[str, Any]]:
        """The object *value* at *key* below *path*. info: None where the type's test does not read it."""
        if plan.is_type_of is not None:
            verdict = plan.is_type_of(value, info)
            if verdict is not True:
                if self.is_awaitable(verdict):
                    return self._object_if(verdict, plan, value, details, Path(path, key, typename))
                if not verdict:
                    raise invalid_return_type_error(plan.parent_type, value, details)
        return self._fields(plan, value, path, key, typename)

    async def _object_if(
        self, verdict: Awaitable[bool], plan: SelectionPlan, value: Any, details: FieldDetailsList, path: Path
    ) -> dict[str, Any]:
        if not await verdict:
            raise invalid_return_type_error(plan.parent_type, value, details)
        fields: Any = self._fields(plan, value, path)
        return fields if type(fields) is dict else await fields

    def _objects(
        self,
        plan: SelectionPlan,
        item_type: GraphQLOutputType,
        details: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Sequence[Any],
    ) -> AwaitableOrValue[list[Any]]:
        if plan.take is not None:
            try:
                return [plan.take(item) for item in items]
            except Exception:  # whatever it is, it is met again below
                plan.missed()
        plain = self._planner.plain
        completed: list[Any] = []
        awaited: list[int] = []
        index = -1
        try:
            for index, item in enumerate(items):
                if plain[type(item)]:
                    try:
                        fields: Any = self._object(plan, item, details, info, path, index, None)
                    except Exception as error:
                        self.handle_field_error(error, item_type, details, path.add_key(index))
                        completed.append(None)
                        continue
                    if type(fields) is not dict:
                        fields = self._guarded(fields, item_type, details, path.add_key(index))
                        awaited.append(index)
                    completed.append(fields)
                elif self.is_awaitable(item):
                    item_path = path.add_key(index)
                    completed.append(
                        self.complete_awaitable_list_item_value(item, item_type, details, info, item_path, None)
                    )
                    awaited.append(index)
                elif self.complete_list_item_value(
                    item, completed, item_type, details, info, path.add_key(index), None
                ):
                    awaited.append(index)
        except Exception:
            left = [completed[done] for done in awaited]
            left.extend(item for item in items[index + 1 :] if self.is_awaitable(item))
            if left:
                self.settle_in_background(left)
            raise
        return _settled(completed, awaited) if awaited else completed


PlacedError: TypeAlias = tuple[GraphQLError, Path | None]


class ErrorsAside(CollectedErrors):
    """Errors that are yet to be added to those of the request. added: each with the place that it leaves empty."""

    __slots__ = ("added",)

    def __init__(self) -> None:
        super().__init__()
        self.added: list[PlacedError] = []

    def add(self, error: GraphQLError, path: Path | None) -> None:
        self.added.append((error, path))


async def _settled(results: Results, awaited: Sequence[Any]) -> Results:
    """*results* with what stands at the keys *awaited* replaced by what it comes to, all of them at once."""
    if len(awaited) == 1:
        results[awaited[0]] = await results[awaited[0]]
    else:
        values = await gather_with_cancel(*(results[key] for key in awaited))
        for key, value in zip(awaited, values, strict=True):
            results[key] = value
    return results


def execute(
    plan: OperationPlan, variables: Mapping[str, Any] | None, context: object, root_value: object = None
) -> Coroutine[Any, Any, ExecutionResult]:
    """What one operation comes to.

    Variables that do not fit are refused before anything runs: errors with the code BAD_USER_INPUT and without path,
    and no data. Errors of fields have paths. Nothing is masked here.
    variables: as the request gave them.
    """
    coerced = plan.coerce(variables or {})
    if isinstance(coerced, list):
        return _refused(coerced)
    pattern = plan.pattern = plan.pattern or PlannedExecutor(plan)
    selections = plan.selections(coerced.coerced)
    run: Coroutine[Any, Any, ExecutionResult] = pattern.for_request(coerced, selections, context, root_value).run()
    return run


async def _refused(faults: list[GraphQLError]) -> ExecutionResult:
    for fault in faults:
        fault.extensions = {"code": "BAD_USER_INPUT", **(fault.extensions or {})}
    return ExecutionResult(None, faults)
