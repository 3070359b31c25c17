"""Starts the plugin: prints its port first, as Pulumi's engine and tfinfra's expect, and serves until it is ended."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from concurrent import futures
from pathlib import Path

_THREADS = 32


def main() -> None:
    options = _arguments().parse_args()
    import grpc  # type: ignore[import-untyped] # it ships no types
    from pulumi.runtime.proto import provider_pb2_grpc

    from tfinfra.localcloud.plugin.arm import Arm
    from tfinfra.localcloud.plugin.owner import OwnerOnly
    from tfinfra.localcloud.plugin.provider import Provider

    wishes = {"machines": options.machines, "blobs": options.blobs}
    headers = {f"x-tfinfra-{name}": wish for name, wish in wishes.items() if wish}
    arm = Arm(options.endpoint, options.ca, options.token_file, headers)
    limits = [("grpc.max_receive_message_length", 400 * 1024 * 1024)]
    owner = OwnerOnly()
    server = grpc.server(futures.ThreadPoolExecutor(_THREADS), options=limits, interceptors=[owner])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(arm), server)
    port = owner.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    if options.until_stdin_closes:
        threading.Thread(target=_leave_with_stdin, daemon=True).start()
    server.wait_for_termination()


def _arguments() -> argparse.ArgumentParser:
    """The options, with the environment's values for where Pulumi itself starts the plugin and can pass none."""
    environ = os.environ.get
    parser = argparse.ArgumentParser(prog="python -m tfinfra.localcloud.plugin")
    parser.add_argument("engine", nargs="?", help="the address of Pulumi's engine, where that started the plugin")
    parser.add_argument("--endpoint", default=environ("TFINFRA_ARM_ENDPOINT"), help="https://127.0.0.1:<port>")
    parser.add_argument("--ca", type=Path, default=_path(environ("TFINFRA_ARM_CA")), help="PEM of the endpoint's CA")
    parser.add_argument("--token-file", type=Path, default=_path(environ("TFINFRA_ARM_TOKEN_FILE")))
    parser.add_argument("--machines", default=environ("TFINFRA_MACHINES"), help="the kind of machines to boot")
    parser.add_argument("--blobs", help='what serves the blobs of new storage accounts: "azurite", else folders')
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with whoever holds the other end")
    return parser


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _leave_with_stdin() -> None:
    """The engine's process may be killed: its end of the pipe closes even then."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
