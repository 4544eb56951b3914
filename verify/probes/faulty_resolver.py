"""A resolver that answers some questions otherwise than the one that was asked, which it asks all others.

Clients come to a port of this program by a rule that rewrites port 53: the address is still the one that they asked. What
no fault concerns goes on there as it came, and what is said there comes back as it is. Argument: a file with what is on,
"PORT FAULT CLIENT NAME" a line each; SIGHUP makes it read that again. Who asks from this machine for a text of the class
CHAOS at [::1] is told the lines of that port.
"""

import os
import signal
import socket
import sys
import threading
import time

EVERYBODY, EVERYWHERE = "all", "everywhere"
OPT, TEXT, CHAOS = 41, 16, 3
QR, OPCODE, RD, RA, CD, DO = 0x8000, 0x7800, 0x0100, 0x0080, 0x0010, 0x8000
# Octets; seconds; questions that others are asked at once, over UDP.
LARGEST = 65535
PATIENCE, IDLE = 30, 120
AT_ONCE = threading.BoundedSemaphore(200)


def number(octets):
    return int.from_bytes(octets, "big")


def two(value):
    return value.to_bytes(2, "big")


def name_at(message, place):
    """Labels in lower case, and what is behind the name. A pointer (RFC 1035 section 4.1.4) ends one."""
    labels = []
    while length := message[place]:
        if length >= 0xC0:
            return labels, place + 2
        labels.append(message[place + 1 : place + 1 + length].lower())
        place += 1 + length
    return labels, place + 1


class Question:
    """What a message asks (RFC 1035 section 4). Raises ValueError or IndexError where that is not one thing."""

    def __init__(self, message):
        self.id, flags, count, *others = (number(message[at : at + 2]) for at in range(0, 12, 2))
        if len(message) < 12 or flags & (QR | OPCODE) or count != 1:
            raise ValueError("no question")
        self.labels, end = name_at(message, 12)
        self.type, self.kind = number(message[end : end + 2]), number(message[end + 2 : end + 4])
        end += 4
        if len(message) < end:
            raise ValueError("cut off")
        self.text = message[12:end]
        self.kept = flags & (RD | CD)
        self.edns = None
        for _ in range(sum(others)):
            _, end = name_at(message, end)
            if number(message[end : end + 2]) == OPT:
                self.edns = number(message[end + 6 : end + 8]) & DO
            end += 10 + number(message[end + 8 : end + 10])

    def answer(self, rcode, *records):
        """
        Records of the type and class that were asked for, by their data. None of it may be kept, so that it is over with
        the fault: their TTL is 0, and no SOA comes with what is negative (RFC 2308 section 5).
        EDNS is answered with EDNS (RFC 6891 section 6.1.1).
        """
        header = [self.id, QR | self.kept | RA | rcode, 1, len(records), 0, self.edns is not None]
        owner = b"\xc0\x0c" + two(self.type) + two(self.kind) + bytes(4)
        records = [owner + two(len(data)) + data for data in records]
        opt = b"" if self.edns is None else b"\0" + two(OPT) + two(1232) + bytes(2) + two(self.edns) + two(0)
        return b"".join([*map(two, header), self.text, *records, opt])


class Fault:
    def __init__(self, line, kinds):
        port, name, self.client, target = line.split(" ")
        self.port, self.line = int(port), line
        self.rcode, self.types, data = kinds[name]
        self.records = [bytes.fromhex(data)] if data else []
        self.labels = [] if target == EVERYWHERE else [label.encode() for label in target.lower().split(".")]

    def concerns(self, question):
        of_type = not self.types or question.type in self.types
        return of_type and (not self.labels or question.labels[-len(self.labels) :] == self.labels)


class Resolver:
    def __init__(self, path, kinds):
        self.path, self.kinds = path, kinds
        self.faults, self.ports = [], set()

    def read(self):
        with open(self.path) as file:
            self.faults = [Fault(line, self.kinds) for line in file.read().splitlines()]
        for port in {fault.port for fault in self.faults} - self.ports:
            datagrams, connections = listeners(port)
            in_background(self.serve_udp, port, datagrams)
            in_background(self.serve_tcp, port, connections)
            self.ports.add(port)

    def own_answer(self, message, port, asked):
        """Of two faults the one of the longer name; which of them answer the same name otherwise are never both on."""
        try:
            question = Question(message)
        except (ValueError, IndexError):
            return None
        here = [fault for fault in self.faults if port == fault.port]
        if asked == "::1":
            lines = [fault.line.encode() for fault in here]
            texts = [bytes([len(line)]) + line for line in lines]
            return question.answer(0, *texts) if (question.kind, question.type) == (CHAOS, TEXT) else None
        faults = here + [fault for fault in self.faults if fault.client == EVERYBODY and fault not in here]
        concerned = [fault for fault in faults if fault.concerns(question)]
        if not concerned:
            return None
        decides = max(concerned, key=lambda fault: len(fault.labels))
        return question.answer(decides.rcode, *decides.records)

    def serve_udp(self, port, listener):
        while True:
            message, control, _, client = listener.recvmsg(LARGEST, 256)
            asked = next(data[:16] for level, kind, data in control if kind == socket.IPV6_PKTINFO)
            answer = self.own_answer(message, port, socket.inet_ntop(socket.AF_INET6, asked))
            if answer is not None:
                reply(listener, answer, asked, client)
            elif AT_ONCE.acquire(blocking=False):
                in_background(self.pass_on, listener, message, asked, client)

    def pass_on(self, listener, message, asked, client):
        try:
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as other:
                other.settimeout(PATIENCE)
                other.connect((socket.inet_ntop(socket.AF_INET6, asked), 53))
                other.send(message)
                reply(listener, other.recv(LARGEST), asked, client)
        except OSError:
            # Nobody answers, and so does this.
            pass
        finally:
            AT_ONCE.release()

    def serve_tcp(self, port, listener):
        while True:
            client, _ = listener.accept()
            in_background(self.converse, client, port)

    def converse(self, client, port):
        asked = client.getsockname()[0]
        other, back, turn = None, None, threading.Lock()
        with client:
            client.settimeout(IDLE)
            try:
                while message := framed(client):
                    answer = self.own_answer(message, port, asked)
                    if answer is not None:
                        with turn:
                            client.sendall(two(len(answer)) + answer)
                        continue
                    if other is None:
                        other = socket.create_connection((asked, 53), PATIENCE)
                        other.settimeout(IDLE)
                        back = in_background(bring_back, other, client, turn)
                    other.sendall(two(len(message)) + message)
                if other is not None:
                    # What was asked before is still answered.
                    other.shutdown(socket.SHUT_WR)
                    back.join(PATIENCE)
            except OSError:
                pass
            finally:
                if other is not None:
                    other.close()


def bring_back(other, client, turn):
    try:
        while message := framed(other):
            with turn:
                client.sendall(two(len(message)) + message)
        client.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def framed(stream):
    """The next message (RFC 1035 section 4.2.2), or nothing at the end."""
    return exactly(stream, number(exactly(stream, 2)))


def exactly(stream, count):
    octets = b""
    while len(octets) < count:
        more = stream.recv(count - len(octets))
        if not more:
            return b""
        octets += more
    return octets


def reply(listener, message, asked, client):
    """From the address that was asked. Who has gone meanwhile is told nothing."""
    try:
        listener.sendmsg([message], [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, asked + bytes(4))], 0, client)
    except OSError:
        pass


def listeners(port):
    """Of both families."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        listener = socket.socket(socket.AF_INET6, kind)
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        if kind == socket.SOCK_STREAM:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("::", port))
        if kind == socket.SOCK_STREAM:
            listener.listen(100)
        yield listener


def in_background(work, *words):
    thread = threading.Thread(target=work, args=words, daemon=True)
    thread.start()
    return thread


def end_with(failure):
    """A part that fails is the end of all, so that systemd starts it anew."""
    sys.__excepthook__(failure.exc_type, failure.exc_value, failure.exc_traceback)
    os._exit(1)


def tell_systemd(words):
    """sd_notify(3)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.connect(os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1))
        systemd.send(words.encode())


def main(kinds):
    threading.excepthook = end_with
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
    resolver = Resolver(sys.argv[1], kinds)
    while True:
        resolver.read()
        tell_systemd("READY=1")
        signal.sigwait([signal.SIGHUP])
        tell_systemd(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
