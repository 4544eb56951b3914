"""Asks the network and no cache. main() takes one instruction a line and prints "<name> <what came>" lines.

window <least> <most>            seconds to listen; over at the least once everything awaited has come
await <name> ...                 what has to come; of a neighbour advertisement or an unreachable destination, one for a
                                 certain address: "icmpv6-136:<hex>", "icmpv6-1:<hex>"
then                             listens, before the next instructions are done
hear <interface>                 every ICMPv6 message and DHCPv6 answer that another machine sends there, named by
                                 protocol and type: "icmpv6-134 <MAC> <the whole IPv6 packet>"
overhear <interface>             every IPv4 packet but DHCPv4's, and every ARP message, that this machine sends there, as
                                 "sent-ipv4 <hex>"
frame <interface> <name> <hex>   an Ethernet frame, as it is
udp <name> <source or -> <address> <port> <hex>
dns <name> <source or -> <address> <port> <hex>
                                 a question for a resolver; that it has failed (SERVFAIL) is told, and it is asked again
tcp <name> <address> <port>      tells whether the port is open; "error at once ..." is this machine's own word, not the network's
dns-tcp <name> <address> <port> <hex>
                                 a question for a resolver by TCP (RFC 1035 section 4.2.2); the answer without its length
echo <name> <address>            an ICMPv6 echo request
outside                          what follows is done by a stranger: in a network namespace of its own, behind a cable to
                                 this machine, with a default route to it. "here" is then this machine's address at the
                                 cable, "there" the stranger's; before this line they can be used too.
own-turn                         what stands before "outside" is done now, when the stranger has asked; "own-turn" has come
                                 when all of that was answered: who was slow to answer has had the time to
"""

import errno
import os
import select
import socket
import sys
import time

ETH_P_ALL, ETH_P_IP, ETH_P_ARP, ETH_P_IPV6 = 0x0003, 0x0800, 0x0806, 0x86DD
UDP, ICMPV6 = 17, 58
ICMPV6_FILTER, ECHO_REPLY = 1, 129
RESEND = 0.5
# Of a DNS message: what is behind its first three octets, and its code for a server that failed (RFC 1035 section 4.1.1).
RCODE, SERVFAIL = 0x0F, 2
ECHO_REQUEST = bytes([128, 0, 0, 0, *os.getpid().to_bytes(4, "big")]) + b"ipv6-only-lab"


def tell(*words):
    os.write(1, (" ".join(words) + "\n").encode())


def named(packet):
    """What an IPv6 packet is called, if anybody wants to know of it."""
    protocol, payload = packet[6], packet[40:]
    if protocol == ICMPV6 and payload:
        return f"icmpv6-{payload[0]}"
    if protocol == UDP and len(payload) > 8 and int.from_bytes(payload[2:4], "big") == 546:
        return f"dhcpv6-{payload[8]}"
    return None


def subject(packet):
    """The address that such a message is about, in hexadecimal: RFC 4861 section 4.4, RFC 4443 section 3.1."""
    start = {136: 48, 1: 40 + 8 + 24}.get(packet[40])
    return packet[start : start + 16].hex() if packet[6] == ICMPV6 and start is not None else None


def is_dhcpv4(packet):
    """Whether an IPv4 packet is from a DHCPv4 client's port: such a client asks whoever may be there."""
    ports = (packet[0] & 15) * 4
    return packet[9] == UDP and packet[ports : ports + 2] == bytes([0, 68])


class Errands:
    def __init__(self, places, other_end=None):
        self.places = places
        # The stranger's, of a pair of sockets: a word says that it has asked, an end of file that the gateway is done.
        self.other_end = other_end
        self.least, self.most = 0.0, 0.0
        self.awaited, self.answered = set(), set()
        self.readers = {}
        self.connecting = {}
        # By socket: what is said as soon as it is connected, and what has come of the answer.
        self.questions, self.streams = {}, {}
        self.echoes, self.resolvers = set(), set()
        self.overheard = set()
        self.errors = set()
        self.again = []

    def add(self, words):
        getattr(self, f"do_{words[0].replace('-', '_')}")(*words[1:])

    def do_window(self, least, most):
        self.least, self.most = float(least), float(most)

    def do_await(self, *names):
        self.awaited |= set(names)

    def do_hear(self, interface):
        ears = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IPV6))
        ears.bind((interface, ETH_P_IPV6))
        self.readers[ears] = None

    def do_overhear(self, interface):
        # What is sent comes to sockets of all protocols only.
        ears = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        ears.bind((interface, ETH_P_ALL))
        self.readers[ears] = None
        self.overheard.add(ears)

    def do_frame(self, interface, name, text):
        mouth = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        mouth.bind((interface, 0))
        self.send(name, lambda: mouth.send(bytes.fromhex(text)))

    def do_udp(self, name, source, address, port, text):
        talk = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        if source != "-":
            talk.bind(self.place(source, 0))
        self.question(name, talk, self.place(address, port), bytes.fromhex(text))
        return talk

    def do_dns(self, *words):
        self.resolvers.add(self.do_udp(*words))

    def do_echo(self, name, address):
        # Not a ping socket: a new network namespace lets nobody have one. All types but the echo reply are filtered out.
        talk = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        blocked = ((1 << 256) - 1) & ~(1 << ECHO_REPLY)
        talk.setsockopt(socket.IPPROTO_ICMPV6, ICMPV6_FILTER, blocked.to_bytes(32, "little"))
        self.question(name, talk, self.place(address, 0), ECHO_REQUEST)
        self.echoes.add(talk)

    def do_tcp(self, name, address, port):
        talk = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        talk.setblocking(False)
        error = talk.connect_ex(self.place(address, port))
        # What it says at once it does not say again, and a socket that has failed so is writable like an open one.
        if error in (0, errno.EINPROGRESS):
            self.connecting[talk] = name
        else:
            self.came(name, "error at once " + os.strerror(error))
        return talk

    def do_dns_tcp(self, name, address, port, text):
        question = bytes.fromhex(text)
        talk = self.do_tcp(name, address, port)
        self.questions[talk] = len(question).to_bytes(2, "big") + question

    def do_own_turn(self):
        self.other_end.send(b".")
        self.readers[self.other_end] = "own-turn"

    def place(self, address, port):
        """The socket address of "<address>", or "<address>%<interface>"."""
        address, _, interface = self.places.get(address, address).partition("%")
        return address, int(port), 0, socket.if_nametoindex(interface) if interface else 0

    def question(self, name, talk, to, payload):
        try:
            talk.connect(to)
        except OSError as error:
            tell(name, "error", error.strerror)
            return
        self.readers[talk] = name
        self.send(name, lambda: talk.send(payload))

    def send(self, name, action):
        """At once, and again as long as no answer comes: the first may have been lost, and silence must mean something."""
        self.attempt(name, action)
        self.again.append((name, action))

    def attempt(self, name, action):
        try:
            action()
        except OSError as error:
            self.went_wrong(name, error)

    def do_then(self):
        start = time.monotonic()
        resend = RESEND
        while True:
            now = time.monotonic() - start
            waiting = self.awaited - self.answered
            if now >= self.most or (now >= self.least and not waiting):
                return
            if now >= resend:
                resend += RESEND
                for name, action in self.again:
                    if name not in self.answered:
                        self.attempt(name, action)
            end = min(resend, self.most if waiting else max(self.least, now))
            readable, writable, _ = select.select(list(self.readers), list(self.connecting), [], max(0.0, end - now))
            for talk in readable:
                self.hear(talk)
            for talk in writable:
                self.connected(talk)

    def connected(self, talk):
        name = self.connecting.pop(talk)
        error = talk.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error == 0 and talk in self.questions:
            # So short that it goes into any socket's buffer as a whole.
            self.attempt(name, lambda: talk.send(self.questions[talk]))
            self.readers[talk], self.streams[talk] = name, b""
        else:
            self.came(name, "open" if error == 0 else "error " + os.strerror(error))

    def hear(self, talk):
        name = self.readers[talk]
        if talk is self.other_end:
            del self.readers[talk]
            self.came(name, "over")
            return
        try:
            # What select(2) calls readable may be gone when it is read: a datagram whose checksum is wrong.
            packet, sender = talk.recvfrom(65535, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError as error:
            self.went_wrong(name or "hear", error)
            # Nothing more comes of a connection; a datagram is sent again, and whoever refused the first may take the next.
            if talk in self.streams:
                del self.readers[talk]
                self.answered.add(name)
            return
        if talk in self.streams:
            self.hear_stream(talk, packet)
        elif name is not None:
            # An answer with other data, as some user-mode uplinks make them up, is none.
            if talk in self.resolvers and len(packet) > 3 and packet[3] & RCODE == SERVFAIL:
                tell(name, packet.hex())
            elif talk not in self.echoes or packet[4:] == ECHO_REQUEST[4:]:
                self.came(name, packet.hex())
        elif talk in self.overheard:
            sent = sender[2] == socket.PACKET_OUTGOING
            if sent and (sender[1] == ETH_P_ARP or (sender[1] == ETH_P_IP and not is_dhcpv4(packet))):
                tell("sent-ipv4", packet.hex())
        elif sender[2] != socket.PACKET_OUTGOING and len(packet) > 40:
            kind = named(packet)
            if kind is not None:
                self.answered.add(f"{kind}:{subject(packet)}")
                self.came(kind, f"{sender[4].hex(':')} {packet.hex()}")

    def hear_stream(self, talk, piece):
        """Two octets tell how long the answer is."""
        name = self.readers[talk]
        self.streams[talk] += piece
        length, answer = int.from_bytes(self.streams[talk][:2], "big"), self.streams[talk][2:]
        if piece and (length == 0 or len(answer) < length):
            return
        del self.readers[talk]
        self.came(name, answer[:length].hex() if piece else "error closed without an answer")

    def went_wrong(self, name, error):
        """What goes wrong each time is told once."""
        if (name, error.errno) not in self.errors:
            self.errors.add((name, error.errno))
            tell(name, "error", error.strerror)

    def came(self, name, what):
        self.answered.add(name)
        tell(name, what)


def ip(*lines):
    """Runs ip(8) once. Its input is short enough for a pipe."""
    reader, writer = os.pipe()
    os.write(writer, "".join(f"{line}\n" for line in lines).encode())
    os.close(writer)
    child = os.posix_spawnp("ip", ["ip", "-batch", "-"], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, reader, 0)])
    os.close(reader)
    if os.waitpid(child, 0)[1] != 0:
        sys.exit("ip(8) could not lay the cable to the stranger")


def become_a_stranger(places):
    """Returns the stranger's process id in this machine, and 0 in the stranger; and the end of a pair of sockets by which
    the two know of each other's turn. The cable goes when the stranger ends."""
    network = f"fd6f:7574:7369:{os.getpid() & 0xFFFF:x}::"
    places.update(here=f"{network}1", there=f"{network}2")
    own_end, strangers_end = socket.socketpair()
    stranger = os.fork()
    if stranger == 0:
        own_end.close()
        os.unshare(os.CLONE_NEWNET)
        strangers_end.send(b".")
        if not strangers_end.recv(1):
            sys.exit("nobody has laid the cable to the stranger")
        ip(
            "link set lo up",
            f"address add {places['there']}/64 dev stranger nodad",
            "link set stranger up",
            f"route add default via {places['here']}",
        )
        return stranger, strangers_end
    strangers_end.close()
    # There is its network now.
    own_end.recv(1)
    cable = f"cable{os.getpid()}"
    # A MAC that is set stays: udev gives a card with a random one another as soon as it sees it (systemd.link(5),
    # MACAddressPolicy), and what goes to the first is lost.
    ip(
        f"link add {cable} address 0a:00:00:00:00:01 type veth peer name stranger netns {stranger}",
        f"address add {places['here']}/64 dev {cable} nodad",
        f"link set {cable} up",
    )
    own_end.send(b".")
    return stranger, own_end


def main(instructions):
    lines = [line.split() for line in instructions.splitlines()]
    places = {}
    stranger = other_end = None
    if ["outside"] in lines:
        border = lines.index(["outside"])
        stranger, other_end = become_a_stranger(places)
        lines = lines[border + 1 :] if stranger == 0 else lines[:border]
        if stranger != 0:
            tell("there", places["there"])
            # Nothing comes from a stranger that has ended.
            other_end.recv(1)
    errands = Errands(places, other_end)
    for words in [*lines, ["then"]]:
        errands.add(words)
    if stranger:
        other_end.close()
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(stranger, 0)[1]))
