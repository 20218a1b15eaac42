"""Run several emulator processes behind nginx, which finds a sandbox's process by the sandbox's name.

python deploy/sharded.py [--processes 2] [--port 4070] [any option of `emulator serve`]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import signal
import socket
import string
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

HERE = Path(__file__).parent
MAIN = """\
daemon off;
worker_processes auto;
pid nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include sandboxes.conf;
}
"""


def main() -> int:
    """Serve until SIGTERM or SIGINT; return 0, or 2 if nginx is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 2, help="how many emulators [one a core]")
    parser.add_argument("--port", type=int, default=4070, help="where nginx listens [4070]")
    given, options = parser.parse_known_args()
    if shutil.which("nginx") is None:
        sys.stderr.write("sharded.py needs nginx, which is not installed: apt-get install nginx-light.\n")
        return 2
    asyncio.run(serve(given.port, given.processes, options))
    return 0


async def serve(port: int, count: int, options: Sequence[str]) -> None:
    """Start everything, say where it is, and wait to be stopped."""
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    ports = free_ports(count)
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        processes = {}
        for own in ports:
            command = [sys.executable, "-m", "emulator", "serve", "--port", str(own), *options]
            processes[own] = await stack.enter_async_context(running(*command))
        for own, process in processes.items():
            await ready(own, process)
            say(f"Process 127.0.0.1:{own} has pid {process.pid}.")
            stack.callback(asyncio.create_task(watch(own, process)).cancel)
        write_configuration(folder, f"127.0.0.1:{port}", ports)
        nginx = await stack.enter_async_context(running("nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")))
        await ready(port, nginx)
        say(f"Ready. http://127.0.0.1:{port}")
        await stopping.wait()


def write_configuration(folder: Path, listen: str, ports: Sequence[int]) -> None:
    """Write nginx's files into `folder`."""
    servers = " ".join(f"server 127.0.0.1:{port} max_fails=0;" for port in ports)
    (folder / "sandboxes.conf").write_text(fill_in((HERE / "nginx.conf.template").read_text(), listen, servers))
    (folder / "nginx.conf").write_text(MAIN)


def fill_in(template: str, listen: str, servers: str) -> str:
    """Return the template with its two variables filled in; nginx's own stay as they are."""
    return string.Template(template).safe_substitute(LISTEN=listen, SERVERS=servers)


@contextlib.asynccontextmanager
async def running(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command until the block ends."""
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def watch(port: int, process: asyncio.subprocess.Process) -> None:
    """Say so when a process ends."""
    status = await process.wait()
    say(f"Process 127.0.0.1:{port} has ended with {status}: its sandboxes are gone, those of the others are not.")


async def ready(port: int, process: asyncio.subprocess.Process) -> None:
    """Wait until an emulator answers on a port. Raises SystemExit if the process ends before."""
    while process.returncode is None:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /_emulator/ready HTTP/1.0\r\nHost: localhost\r\n\r\n")
            status = await reader.readline()
            writer.close()
            if b" 200 " in status:
                return
        await asyncio.sleep(0.02)
    raise SystemExit(f"sharded.py: the process for port {port} has ended with {process.returncode}; see above.")


def free_ports(count: int) -> list[int]:
    """Return ports of this machine that nobody listens on."""
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [listener.getsockname()[1] for listener in listeners]


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
