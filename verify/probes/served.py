"""Offers what static bindings lead to, while outside.py comes from outside. Runs as root, for the ports below 1024.

main(services, meeting, secret, seconds): services are [protocol, port] pairs. Each that no other program has is listened on:
whoever connects, or sends a datagram that begins with the secret, gets "<secret> <port>". It also connects, from a port that it
listens on too, to `meeting`, an [address, port] inside the NAT64 prefix, and holds the connection until the other end closes
it: then all is over. It prints "taken <protocol> <port>" for each service that another program has, and "met" once it is
connected. It ends after so many seconds in any case.
"""

import select
import socket
import time


def tell(*words):
    print(*words, flush=True)


def listener(protocol, port, shared=False):
    """None: another program has the port, on some address at least."""
    kind = socket.SOCK_STREAM if protocol == "TCP" else socket.SOCK_DGRAM
    mouth = socket.socket(socket.AF_INET6, kind)
    if protocol == "TCP":
        # Connections of the run before may linger; SO_REUSEPORT is shared with this program's own sockets only.
        mouth.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        mouth.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        mouth.bind(("::", port))
        if protocol == "TCP":
            mouth.listen()
    except OSError:
        mouth.close()
        return None
    return mouth


def main(services, meeting, secret, seconds):
    end = time.monotonic() + seconds
    mouths = {}
    for protocol, port in services:
        mouth = listener(protocol, port)
        if mouth is None:
            tell("taken", protocol, port)
        else:
            mouths[mouth] = (protocol, port)
    uninvited = listener("TCP", 0, shared=True)
    port = uninvited.getsockname()[1]
    mouths[uninvited] = ("TCP", port)
    call = None
    while time.monotonic() < end:
        if call is None:
            call = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
            call.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            call.bind(("::", port))
            call.settimeout(2)
            try:
                call.connect(tuple(meeting))
                tell("met")
            except OSError:
                # The other end may still be coming.
                call.close()
                call = None
                time.sleep(0.2)
                continue
        readable, _, _ = select.select([*mouths, call], [], [], max(0.0, end - time.monotonic()))
        for mouth in readable:
            if mouth is call:
                return
            protocol, at = mouths[mouth]
            said = f"{secret} {at}".encode()
            if protocol == "TCP":
                caller, _ = mouth.accept()
                caller.sendall(said)
                caller.close()
            else:
                try:
                    # What select(2) calls readable may be gone when it is read: a datagram whose checksum is wrong.
                    question, sender = mouth.recvfrom(2048, socket.MSG_DONTWAIT)
                    if question.startswith(secret.encode()):
                        mouth.sendto(said, sender)
                except OSError:
                    # Without a way back there is no answer, and the other end asks again.
                    continue
