"""A dry run leaves no trace in the store that tells real people."""

import hashlib

import pytest

from bellbuoy.monitor.rehearsal import rehearsal
from bellbuoy.monitor.store import Store, StoreLocked


def test_the_copy_is_as_the_store_is_and_changes_apart_from_it(tmp_path):
    path = tmp_path / "bellbuoy.duckdb"
    with Store.open(path) as store, store.transaction() as tx:
        tx.run("outbox/add", incident="inc_1", sink="slack", number=1, at=1)
    copy = rehearsal(path, Store.open(None).settings)
    before = hashlib.sha256(path.read_bytes()).digest()
    assert copy == tmp_path / "bellbuoy.dry-run.duckdb"
    with Store.open(copy) as store, store.transaction() as tx:
        tx.run("outbox/sent", incident="inc_1", sink="slack", number=1, handle='{"version": "1"}', again=0)
    assert hashlib.sha256(path.read_bytes()).digest() == before
    with Store.open(path, read_only=True) as store:
        assert store.rows("outbox/waiting")[0]["pages"] == 1


def test_an_old_copy_is_replaced_and_a_missing_store_is_none(tmp_path):
    path = tmp_path / "bellbuoy.duckdb"
    copy = tmp_path / "bellbuoy.dry-run.duckdb"
    copy.write_text("old")
    assert rehearsal(path, Store.open(None).settings) == copy
    assert not copy.exists()


def test_a_store_that_a_daemon_holds_is_not_copied(tmp_path):
    path = tmp_path / "bellbuoy.duckdb"
    with Store.open(path), pytest.raises(StoreLocked):
        rehearsal(path, Store.open(None).settings)
