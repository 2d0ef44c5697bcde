"""The check of npm's lock files finds what is wrong with one."""

from typing import Any

from checks.lock import npm_faults

MANIFESTS: dict[str, dict[str, Any]] = {
    "": {"workspaces": ["client"]},
    "client": {"dependencies": {"drawing": "1.0.0"}},
}


def a_lock(**drawing: Any) -> dict[str, Any]:
    """A lock of one workspace with one package; drawing: what is otherwise of its entry."""
    return {
        "packages": {
            "": {},
            "client": {"dependencies": {"drawing": "1.0.0"}},
            "node_modules/client": {"resolved": "client", "link": True},
            "node_modules/drawing": {"version": "1.0.0", "integrity": "sha512-x", **drawing},
        }
    }


def test_a_lock_that_pins_bytes_and_names_no_place_is_well() -> None:
    assert list(npm_faults("lock", a_lock(), MANIFESTS)) == []


def test_an_address_is_found() -> None:
    found = list(npm_faults("lock", a_lock(resolved="https://packages.example/drawing.tgz"), MANIFESTS))
    assert found == ["lock: node_modules/drawing names a place: https://packages.example/drawing.tgz"]


def test_a_link_out_of_the_project_is_found() -> None:
    found = list(npm_faults("lock", a_lock(resolved="../elsewhere", link=True), MANIFESTS))
    assert found == ["lock: node_modules/drawing names a place: ../elsewhere"]


def test_a_package_without_a_strong_digest_is_found() -> None:
    found = list(npm_faults("lock", a_lock(integrity="sha1-x"), MANIFESTS))
    assert found == ["lock: node_modules/drawing has no integrity of SHA-512"]


def test_a_manifest_that_asks_for_something_else_is_found() -> None:
    changed = MANIFESTS | {"client": {"dependencies": {"drawing": "2.0.0"}}}
    assert list(npm_faults("lock", a_lock(), changed)) == ["lock: it is not of the dependencies of client/package.json"]
