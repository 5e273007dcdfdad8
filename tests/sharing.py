"""How processes share a test run (`pytest -n … --dist loadscope`): what belongs together stays together, long first."""

import pytest
from xdist.scheduler import LoadScopeScheduling

# Folders whose tests load the machine on purpose, or lean on what is dear to prepare: their files follow each other in
# one process. Every other file is a group of its own.
TOGETHER = {
    "tests/concurrency": "crowds", "tests/faults": "crowds", "tests/realtime": "crowds", "tests/stories": "stories",
}  # fmt: skip
ALONE = {"tests/stories/test_demo.py", "tests/stories/test_replay.py"}  # each with a preparation of its own
# No process shall be left with one of these at the end. The cluster begins beside what is in no hurry.
FIRST = [
    "tests/cluster/test_cluster.py", "tests/stories/test_replay.py", "crowds", "stories", "tests/stories/test_demo.py",
    "tests/views/test_languages.py",
]  # fmt: skip


def group_of(nodeid: str) -> str:
    """The name of the group that a test runs in."""
    file = nodeid.partition("::")[0]
    return file if file in ALONE else TOGETHER.get(file.rpartition("/")[0], file)


class Groups(LoadScopeScheduling):
    """A process that has nearly done with a group is given the next one."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling | None:
    return Groups(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In the processes that share a run, for groups are given out in the order of their first tests."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _place(group_of(item.nodeid)))


def _place(group: str) -> int:
    return FIRST.index(group) if group in FIRST else len(FIRST)
