"""Sends a DHCPv6 Solicit with a DUID-LL (RFC 8415 section 11.4) on `lan` and prints the address that is offered.

solicit.py MAC
"""

import socket
import struct
import sys

SOLICIT, ADVERTISE = 1, 2
CLIENT_ID, IA_NA, IA_ADDRESS = 1, 3, 5


def options(data):
    while len(data) >= 4:
        code, length = struct.unpack(">HH", data[:4])
        yield code, data[4 : 4 + length]
        data = data[4 + length :]


def option(code, data):
    return struct.pack(">HH", code, len(data)) + data


mac = bytes.fromhex(sys.argv[1].replace(":", ""))
interface = socket.if_nametoindex("lan")
client = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
client.bind(("::", 546))
client.settimeout(5)
duid = struct.pack(">HH", 3, 1) + mac
message = bytes([SOLICIT, 1, 2, 3]) + option(CLIENT_ID, duid) + option(IA_NA, struct.pack(">III", 1, 0, 0))
client.sendto(message, ("ff02::1:2", 547, 0, interface))
answer = client.recv(1500)
assert answer[:4] == bytes([ADVERTISE, 1, 2, 3]), answer.hex()
for code, ia in options(answer[4:]):
    if code == IA_NA:
        for inner, address in options(ia[12:]):
            if inner == IA_ADDRESS:
                print(socket.inet_ntop(socket.AF_INET6, address[:16]))
