"""A resolver for the names of record.sh: its answers are the whole truth of that network."""

import socket
import struct
import threading

A, AAAA = 1, 28
NAMES = {
    "both.test": {A: ["198.51.100.7"], AAAA: ["64:ff9b::c633:6407"]},
    "wrong.test": {A: ["198.51.100.7"], AAAA: ["2001:db8:1::dead"]},
    "mapped.test": {A: ["198.51.100.7"], AAAA: ["::ffff:198.51.100.7"]},
    "slow.test": {A: ["198.51.100.7"], AAAA: ["2001:db8::2", "2001:db8::3"]},
    "lost.test": {A: ["198.51.100.64"], AAAA: ["64:ff9b::c633:6440"]},
    "two.test": {AAAA: ["2001:db8:1::dead", "64:ff9b::c633:6407"]},
    # More than fits a datagram of 512 octets (RFC 1035 section 4.2.1).
    "big.test": {A: [f"198.51.100.{number}" for number in range(8, 64)]},
    "four.test": {A: ["198.51.100.7"]},
    "bogus.test": 2,
    "lame6.test": {A: ["198.51.100.7"], AAAA: 2},
}


def answer(question):
    end = question.index(0, 12)
    labels, at = [], 12
    while at < end:
        labels.append(question[at + 1 : at + 1 + question[at]].decode("latin1"))
        at += 1 + question[at]
    (kind,) = struct.unpack("!H", question[end + 1 : end + 3])
    found = NAMES.get(".".join(labels).lower(), 3)
    told = found if isinstance(found, int) else found.get(kind, [])
    rcode, records = (told, []) if isinstance(told, int) else (0, told)
    family = socket.AF_INET if kind == A else socket.AF_INET6
    body = b""
    for address in records:
        data = socket.inet_pton(family, address)
        body += struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(data)) + data
    head = question[:2] + struct.pack("!HHHHH", 0x8180 | rcode, 1, len(records), 0, 0)
    return head + question[12 : end + 5] + body


def truncated(whole):
    return whole if len(whole) <= 512 else whole[:2] + b"\x83\x80" + whole[4:6] + bytes(6) + whole[12 : whole.index(0, 12) + 5]


def serve_tcp(server):
    while True:
        peer, _ = server.accept()
        with peer, peer.makefile("rb") as asked:
            while length := asked.read(2):
                whole = answer(asked.read(struct.unpack("!H", length)[0]))
                peer.sendall(struct.pack("!H", len(whole)) + whole)


threading.Thread(target=serve_tcp, args=(socket.create_server(("127.0.0.53", 53)),), daemon=True).start()
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("127.0.0.53", 53))
    while True:
        message, peer = server.recvfrom(4096)
        server.sendto(truncated(answer(message)), peer)
