"""Records of the Kafka client, by column."""

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any


class Of(Sequence[Any]):
    """One attribute of all records, read only where it is asked for: few messages are dead letters."""

    def __init__(self, records: Sequence[Any], name: str) -> None:
        self._records = records
        self._read = attrgetter(name)

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, index: Any) -> Any:
        return self._read(self._records[index])

    def __iter__(self) -> Iterator[Any]:
        return map(self._read, self._records)
