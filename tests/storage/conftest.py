"""Stores that tests read from: memory, and an S3 server on this machine."""

from __future__ import annotations

import logging

import fsspec
import pytest

from camcore.storage import filesystems
from tests.extras import extra


@pytest.fixture(scope="session")
def s3():
    """An S3 server, whose credentials are in the environment."""
    extra("s3fs", "remote")
    from tests.storage.s3_server import S3Server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = S3Server()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIATESTKEY")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", server.address)
        filesystems._filesystem.cache_clear()
        yield server
    filesystems._filesystem.cache_clear()
    server.close()


@pytest.fixture
def faults(s3):
    """The faults of the S3 server, gone with the test."""
    yield s3.faults
    s3.faults.clear()


@pytest.fixture
def memory():
    """Where files lie in this process's memory, emptied with the test."""
    files = fsspec.filesystem("memory")
    yield files
    files.store.clear()
    files.pseudo_dirs[:] = [""]
