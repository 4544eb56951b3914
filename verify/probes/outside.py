"""Comes from outside, by IPv4, to what served.py offers on a client. Runs as root in the namespace of the servers.

main(meeting, doors, closed, secret, patience): `meeting` is the [address, port] where the client's own connection is waited
for, and the address that is come from. Doors are [name, protocol, address, port], each tried until it answers or so many seconds
are over; closed are [name, address, port], TCP ports that are tried once. It prints

caller <address> <port>   where the client's connection comes from, as it is seen here
<name> <what came>        open and what was said; or refused, unreachable, silent
own <what came>           of a connection to where the client's own comes from
"""

import errno
import socket
import time

ONCE = 2.0
# Seconds for the other end to come: it starts at the same time.
MEETING = 20.0


def tell(*words):
    print(*words, flush=True)


def failure(error):
    if error.errno == errno.ECONNREFUSED:
        return "refused"
    return "unreachable" if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH) else "silent"


def tcp(own, address, port, patience):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as talk:
        talk.bind((own, 0))
        talk.settimeout(patience)
        try:
            talk.connect((address, port))
        except OSError as error:
            return failure(error)
        try:
            said = talk.recv(256).decode("ascii", "replace")
        except OSError:
            # Who has connected need not say anything.
            said = ""
    return f"open {said}".strip()


def udp(own, address, port, patience, secret):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as talk:
        talk.bind((own, 0))
        talk.settimeout(patience)
        try:
            talk.connect((address, port))
            talk.send(secret.encode())
            return "open " + talk.recv(256).decode("ascii", "replace")
        except OSError as error:
            return failure(error)


def tried(protocol, own, address, port, patience, secret):
    end = time.monotonic() + patience
    while True:
        once = min(ONCE, max(0.1, end - time.monotonic()))
        came = tcp(own, address, port, once) if protocol == "TCP" else udp(own, address, port, once, secret)
        if came.startswith("open") or time.monotonic() >= end:
            return came
        time.sleep(0.2)


def main(meeting, doors, closed, secret, patience):
    own = meeting[0]
    with socket.create_server(tuple(meeting)) as place:
        place.settimeout(MEETING)
        try:
            call, caller = place.accept()
        except OSError:
            call = caller = None
    if caller is not None:
        tell("caller", *caller)
    for name, protocol, address, port in doors:
        tell(name, tried(protocol, own, address, port, patience, secret))
    for name, address, port in closed:
        tell(name, tcp(own, address, port, ONCE))
    if caller is not None:
        tell("own", tcp(own, *caller, ONCE))
        call.close()
