"""Collects the operations of `.graphql` files, each with the fragments that it needs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    Source,
    Visitor,
    parse,
    print_ast,
    visit,
)

from server.documents import Documents
from server.persisted.manifest import ListedOperation

Definition: TypeAlias = OperationDefinitionNode | FragmentDefinitionNode
Node = TypeVar("Node", OperationDefinitionNode, FragmentDefinitionNode)

SUFFIXES: Final = (".graphql", ".gql")


@dataclass(slots=True)
class Collected:
    """What was found. faults: what is wrong, each with its place, for people."""

    operations: list[ListedOperation] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def files_of(paths: Sequence[Path]) -> list[Path]:
    """The files that are meant: those named, and those in the folders named, without packages of npm; sorted."""
    found: set[Path] = set()
    for path in paths:
        if path.is_dir():
            inside = (file for suffix in SUFFIXES for file in path.rglob(f"*{suffix}"))
            found.update(file for file in inside if "node_modules" not in file.relative_to(path).parts)
        else:
            found.add(path)
    return sorted(found)


def collect(files: Sequence[Path], documents: Documents) -> Collected:
    """The operations of *files*, in the order of their names. Raises OSError for one that cannot be read."""
    collected = Collected()
    operations: dict[str, OperationDefinitionNode] = {}
    fragments: dict[str, FragmentDefinitionNode] = {}
    for file in files:
        for definition in _definitions(file, collected):
            match definition:
                case OperationDefinitionNode(name=None):
                    collected.faults.append(f"{_place(definition)}: the operation has no name; give it one.")
                case OperationDefinitionNode(name=name) if name is not None:
                    _add(operations, name.value, definition, collected)
                case FragmentDefinitionNode():
                    _add(fragments, definition.name.value, definition, collected)
                case _:
                    collected.faults.append(f"{_place(definition)}: neither an operation nor a fragment; leave it out.")
    for title, operation in sorted(operations.items()):
        _list(title, operation, fragments, documents, collected)
    return collected


def _definitions(file: Path, collected: Collected) -> Iterator[object]:
    try:
        yield from parse(Source(file.read_text("utf-8"), str(file))).definitions
    except UnicodeDecodeError:
        collected.faults.append(f"{file}: it is not UTF-8.")
    except GraphQLError as fault:
        collected.faults.append(f"{file}:{fault.locations[0].line if fault.locations else 1}: {fault.message}")


def _add(known: dict[str, Node], name: str, node: Node, collected: Collected) -> None:
    first = known.setdefault(name, node)
    if first is not node:
        collected.faults.append(f"{_place(node)}: {name} stands at {_place(first)} too; give one another name.")


def _list(
    name: str,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    documents: Documents,
    collected: Collected,
) -> None:
    needed = sorted(_spread(operation, fragments))
    body = print_ast(DocumentNode(definitions=(operation, *(fragments[one] for one in needed))))
    checked = documents.get(body)
    refusals = (one.refusal(None) for one in checked.operations.values())
    errors = [*checked.errors, *(refusal for refusal in refusals if refusal is not None)]
    if errors:
        collected.faults += [f"{_place(operation)}: {name}: {error.message}" for error in errors]
    else:
        collected.operations.append(ListedOperation(name=name, type=operation.operation.value, body=body))


class _Spreads(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> None:
        self.names.add(node.name.value)


def _spread(operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> set[str]:
    """The names of the fragments that an operation needs, as far as there are such."""
    needed: set[str] = set()
    to_do: list[Definition] = [operation]
    while to_do:
        spreads = _Spreads()
        visit(to_do.pop(), spreads)
        new = (spreads.names & fragments.keys()) - needed
        needed |= new
        to_do += [fragments[name] for name in new]
    return needed


def _place(node: object) -> str:
    location = getattr(node, "loc", None)
    assert location is not None, "it was parsed with its place"
    return f"{location.source.name}:{location.start_token.line}"
