"""Tries what a translator owes to IPv6 clients, against reflector.py. Needs no rights.

main(places, secret) takes IPv6 addresses inside the NAT64 prefix: "first" and "second", where reflector.py listens on
"port"; "narrow", behind an IPv4 path whose MTU is small; "pool", what is before and what is behind the 32 bits of an IPv4
address; "patience", the seconds in which an answer may come. It prints "<name> <what came>" lines, nothing where nothing came.
"""

import itertools
import select
import socket
import struct
import time

IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE = 23, 3
IPV6_RECVERR = 25
CLOSED_PORT = 9
RESEND = 0.5
# More than goes in one packet on any link of the lab, and what is too big for the narrow path alone.
LARGE, TOO_BIG = 4000, 1352
MOST_HOPS = 5
numbers = itertools.count(1)
# Why something could not be sent.
unsent = set()


def tell(*words):
    print(*words, flush=True)


def new_socket():
    talk = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    # What select(2) calls readable may be gone when it is read: a datagram whose checksum is wrong.
    talk.setblocking(False)
    return talk


def attempt(send):
    """Without a way there it cannot be sent, and with some errors that came before; a way may come again."""
    try:
        send()
    except OSError as error:
        unsent.add(error.strerror)


def comes(talk, patience, say, wanted):
    """Says it, and again until `wanted` makes something of what has come."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        attempt(say)
        ready, _, _ = select.select([talk], [], [], RESEND)
        while ready and time.monotonic() < end:
            found = wanted()
            if found is not None:
                return found
            ready, _, _ = select.select([talk], [], [], 0)
    return None


class Reflector:
    def __init__(self, port, patience, secret):
        self.port, self.patience, self.secret = port, patience, secret

    def say(self, talk, address, number, wish, length=0):
        words = f"{self.secret} {number} {wish} ".encode()
        talk.sendto(words.ljust(length, b"."), (address, self.port))

    def ask(self, talk, address, wish, length=0):
        """Returns who answered, how long the answer is, and its words."""
        number = next(numbers)

        def wanted():
            try:
                answer, sender = talk.recvfrom(65535)
            except OSError:
                return None
            words = answer.decode().split()
            return (sender[0], len(answer), words[1:4]) if words[:1] == [str(number)] else None

        return comes(talk, self.patience, lambda: self.say(talk, address, number, wish, length), wanted)


def complaint(address, patience, hops=None, length=8, awaited=None):
    """Sends a datagram and returns the ICMPv6 error that comes: type, code, what it says (an MTU), and who says so."""
    with new_socket() as talk:
        # For these sockets alone: an error that nobody fetches makes a socket readable for ever.
        talk.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        if hops is not None:
            talk.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, hops)
        # A Path MTU that is known already would keep the datagram here.
        talk.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE)

        def say():
            talk.sendto(b"." * length, (address, CLOSED_PORT))

        def wanted():
            try:
                _, ancillary, _, _ = talk.recvmsg(2048, 512, socket.MSG_ERRQUEUE)
            except OSError:
                return None
            for level, kind, data in ancillary:
                if level == socket.IPPROTO_IPV6 and kind == IPV6_RECVERR:
                    _, _, type_, code, _, info, _ = struct.unpack_from("=IBBBBII", data)
                    offender = socket.inet_ntop(socket.AF_INET6, data[24:40])
                    if awaited is None or awaited == type_:
                        return type_, code, info, offender
            return None

        return comes(talk, patience, say, wanted)


def embedded(pool, address):
    """RFC 6052 section 2.2, by the octets that are before the IPv4 address's 32 bits: the ninth octet is nobody's."""
    octets = [int(octet) for octet in address.split(".")]
    whole = bytearray(bytes.fromhex(pool["prefix"]).ljust(16, b"\0"))
    place = pool["length"] // 8
    for octet in octets:
        place += place == 8
        whole[place] = octet
        place += 1
    return socket.inet_ntop(socket.AF_INET6, bytes(whole))


def main(places, secret):
    first, second, patience = places["first"], places["second"], places["patience"]
    talk = new_socket()
    # The servers may still be coming.
    seen = Reflector(places["port"], 5 * patience, secret).ask(talk, first, "same")
    if seen is None:
        for each in unsent:
            tell("unsent", each)
        return
    tell("udp", seen[0], *seen[2])
    reflector = Reflector(places["port"], patience, secret)
    for name, address, wish, length in [
        ("mapping", second, "same", 0),
        ("unsummed", first, "unsummed", 0),
        ("large", first, "large", 0),
        ("fragments", first, "same", LARGE),
    ]:
        answer = reflector.ask(talk, address, wish, length)
        if answer is not None:
            tell(name, answer[0], answer[1], *answer[2])
    with new_socket() as other:
        answer = reflector.ask(other, first, "other")
        if answer is not None:
            tell("filtering", answer[0])
    with new_socket() as other:
        inside = embedded(places["pool"], seen[2][0])
        said = f"{secret} hairpin".encode()

        def heard():
            try:
                data, sender = talk.recvfrom(2048)
            except OSError:
                return None
            return sender if data == said else None

        # Where only those may answer who were asked, this address must have been asked too.
        attempt(lambda: talk.sendto(f"{secret} myself".encode(), (inside, int(seen[2][1]))))
        sender = comes(talk, patience, lambda: other.sendto(said, (inside, int(seen[2][1]))), heard)
        if sender is not None:
            tell("hairpin", sender[0], sender[1], other.getsockname()[1])
    error = complaint(first, patience, awaited=1)
    if error is not None:
        tell("unreachable", *error)
    for hops in range(1, MOST_HOPS + 1):
        error = complaint(first, patience, hops)
        if error is None:
            break
        tell("hop", *error)
        if error[0] != 3:
            break
    error = complaint(places["narrow"], patience, length=TOO_BIG, awaited=2)
    if error is not None:
        tell("toobig", *error)
    attempt(lambda: reflector.say(talk, first, 0, "bye"))
