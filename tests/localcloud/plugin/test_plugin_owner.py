"""The plugin's port is open to every user of the machine; only its owner is served."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from concurrent import futures

import grpc  # type: ignore[import-untyped] # it ships no types
import pytest
from google.protobuf import empty_pb2  # type: ignore[import-untyped] # it ships no types
from pulumi.runtime.proto import provider_pb2_grpc

from tfinfra.localcloud.plugin import owner


class Service(provider_pb2_grpc.ResourceProviderServicer):
    def Cancel(self, request: object, context: object) -> empty_pb2.Empty:  # noqa: N802  the protocol's name
        del request, context
        return empty_pb2.Empty()


@pytest.fixture
def stub() -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    guard = owner.OwnerOnly()
    server = grpc.server(futures.ThreadPoolExecutor(2), interceptors=[guard])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Service(), server)
    guard.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{guard.port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)
    server.stop(None)


def test_the_owner_is_served(stub: provider_pb2_grpc.ResourceProviderStub) -> None:
    assert stub.Cancel(empty_pb2.Empty(), timeout=5) == empty_pb2.Empty()


def test_another_user_is_refused(stub: provider_pb2_grpc.ResourceProviderStub, monkeypatch: pytest.MonkeyPatch) -> None:
    other = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: other)
    with pytest.raises(grpc.RpcError, match="serves another user"):
        stub.Cancel(empty_pb2.Empty(), timeout=5)


def test_a_connection_is_told_by_both_of_its_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            mine = client.getsockname()[1]
            assert owner.uid_of(mine, port) == os.geteuid()
            assert owner.uid_of(mine, port + 1) == -1
