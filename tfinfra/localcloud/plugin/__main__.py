"""Starts the plugin: prints its port first, as Pulumi's engine and tfinfra's expect, and serves until it is ended."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from concurrent import futures
from pathlib import Path

_THREADS = 32
_LOOK = 1.0


def main() -> None:
    parent = os.getppid()  # before anything that takes time: the engine may be killed meanwhile
    options, _ = _arguments().parse_known_args()  # the engine adds options of its own, for logs and traces
    import grpc  # type: ignore[import-untyped] # it ships no types
    from pulumi.runtime.proto import provider_pb2_grpc

    from tfinfra.localcloud.plugin.arm_client import arm_by_token_file, token_in
    from tfinfra.localcloud.plugin.on_paper import PaperProvider
    from tfinfra.localcloud.plugin.owner import OwnerOnly
    from tfinfra.localcloud.plugin.provider import AzureNativeProvider
    from tfinfra.localcloud.plugin.provider_configuration import attached, installed

    configure = installed(options.pace)
    if options.endpoint is not None:
        hints = {"machines": options.machines, "blobs": options.blobs, "environments": options.environments}
        headers = {f"x-tfinfra-{name}": hint for name, hint in hints.items() if hint}
        arm = arm_by_token_file(options.endpoint, options.ca, options.token_file, headers, options.pace)
        configure = attached(arm, lambda: token_in(options.token_file))
    provider = PaperProvider() if options.on_paper else AzureNativeProvider(configure)
    limits = [("grpc.max_receive_message_length", 400 * 1024 * 1024)]
    owner = OwnerOnly()
    server = grpc.server(futures.ThreadPoolExecutor(_THREADS), options=limits, interceptors=[owner])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = owner.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    if options.until_stdin_closes:
        threading.Thread(target=_leave_with_stdin, daemon=True).start()
    else:
        threading.Thread(target=_leave_with_parent, args=(parent,), daemon=True).start()
    server.wait_for_termination()


def _arguments() -> argparse.ArgumentParser:
    """The options; started by Pulumi itself the plugin gets none of them but the pace, and its launcher gives that."""
    parser = argparse.ArgumentParser(prog="python -m tfinfra.localcloud.plugin")
    parser.add_argument("engine", nargs="?", help="the address of Pulumi's engine, where that started the plugin")
    parser.add_argument("--endpoint", help="https://127.0.0.1:<port>; without it, the Configure request says all")
    parser.add_argument("--ca", type=Path, help="PEM of the endpoint's CA")
    parser.add_argument("--token-file", type=Path, help="the caller's token")
    parser.add_argument("--pace", type=float, default=1.0, help="what azure-native's own waits are multiplied by")
    parser.add_argument("--machines", help="the kind of machines to boot")
    parser.add_argument("--environments", help="the folder of training environments that the machines mount")
    parser.add_argument("--blobs", help='what serves the blobs of new storage accounts: "azurite", else folders')
    parser.add_argument("--on-paper", action="store_true", help="ask nobody: make up what ARM would answer a preview")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when standard input closes")
    return parser


def _leave_with_stdin() -> None:
    """The engine's process may be killed: its end of the pipe closes even then."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGKILL)


def _leave_with_parent(parent: int) -> None:
    """The engine that started the plugin ends it; where it was killed itself, another process becomes the parent."""
    while os.getppid() == parent:
        time.sleep(_LOOK)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
