"""The other end of translation.py: IPv4 servers in the simulated internet that answer as they are asked to.

main(addresses, port, secret, seconds) answers datagrams "<secret> <number> <wish> <padding>" with "<number> <address>
<port> <length> <padding>": where the datagram came from, as a server sees it, and how long it was. Wishes:

same      answered from the address that was asked
other     answered from the next of the addresses, which the one who asks has not spoken to
unsummed  answered without a checksum (RFC 768)
large     answered with more than goes in one packet
bye       not answered: nothing more will come

Others are not answered. It ends after so many seconds in any case.
"""

import select
import socket
import time

SO_NO_CHECK = 11
IP_MTU_DISCOVER, IP_PMTUDISC_OMIT = 10, 5
LARGE = 4000


def main(addresses, port, secret, seconds):
    mouths = []
    for address in addresses:
        mouth = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        mouth.bind((address, port))
        # In fragments as large as its card takes, and without DF, whatever some connection has found out of the way before.
        mouth.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT)
        # What select(2) calls readable may be gone when it is read: a datagram whose checksum is wrong.
        mouth.setblocking(False)
        mouths.append(mouth)
    end = time.monotonic() + seconds
    while True:
        readable, _, _ = select.select(mouths, [], [], max(0.0, end - time.monotonic()))
        if not readable:
            return
        for mouth in readable:
            try:
                question, (address, source) = mouth.recvfrom(65535)
            except BlockingIOError:
                continue
            words = question.split(b" ")
            if len(words) < 3 or words[0] != secret.encode():
                continue
            number, wish = words[1:3]
            if wish == b"bye":
                return
            answer = b"%s %s %d %d " % (number, address.encode(), source, len(question))
            if wish == b"large":
                answer = answer.ljust(LARGE, b".")
            speaker = mouths[(mouths.index(mouth) + 1) % len(mouths)] if wish == b"other" else mouth
            speaker.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, int(wish == b"unsummed"))
            speaker.sendto(answer, (address, source))
