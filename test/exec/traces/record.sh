#!/usr/bin/env bash
# Records the traces beside this file: real programs in a network namespace of their own, without IPv4 but loopback, where
# 64:ff9b::/96 "translates" and names.py is the resolver. As root: test/exec/traces/record.sh [NAME…]

set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [[ ${inside:-} == '' ]]; then
  work=$(mktemp --directory)
  trap 'rm -rf "$work"' EXIT
  if [[ $# -eq 0 || " $* " == *" go-"* ]]; then (cd "$work" && CGO_ENABLED=0 go build -o fetch "$here/fetch.go"); fi
  if [[ $# -eq 0 || " $* " == *" java-"* ]]; then javac -d "$work" "$here/Fetch.java"; fi
  inside=yes work=$work unshare --net --mount --pid --fork --mount-proc "$0" "$@"
  exit
fi

ip link set lo up
# What is sent there is lost, and an attempt waits until it is given up.
ip -6 route add 2001:db8::/64 dev lo mtu 1280
ip -6 route add 64:ff9b::c633:6440/128 dev lo
ip -6 address add 64:ff9b::c633:6407/128 dev lo nodad
printf 'nameserver 127.0.0.53\n' >"$work/resolv.conf"
printf 'hosts: files dns\n' >"$work/nsswitch.conf"
printf '127.0.0.1 localhost\n::1 localhost\n192.0.2.9 printer\n' >"$work/hosts"
for name in resolv.conf nsswitch.conf hosts; do mount --bind "$work/$name" "/etc/$name"; done
python3 "$here/names.py" &
mkdir "$work/site"
echo hello >"$work/site/index.html"
python3 -m http.server --bind '64:ff9b::c633:6407' --directory "$work/site" 80 >"$work/log" 2>&1 &
sleep 1
cd "$work"
# The system's own: a version manager's would be shell scripts first.
python=/usr/bin/python3

# As the product traces: what its strace does not tell must not be in a recording.
folder=. calls='' options=()
eval "$(grep -E '^(processes|calls|options)=' "$here/../../../exec/client/run.sh")"
: "$folder" "$calls"
# What tells nothing of the network is left out, and so are the many closes of files.
record() {
  local name=$1
  shift
  [[ ${#wanted[@]} -eq 0 || " ${wanted[*]} " == *" $name "* ]] || return 0
  strace --seccomp-bpf "${options[@]}" -- \
    timeout --signal=TERM "${limit:-20}" "$@" >/dev/null 2>&1 || true
  local socket='\\x73\\x6f\\x63\\x6b\\x65\\x74'
  grep -vP '^(?!.*nlmsg_type=RTM_GET).*(AF_NETLINK|NLM_F)|setsockopt\(.*(SOL_TCP|SO_[A-Z]+)|ENOENT|EBADF' trace |
    grep -vP "close\(\d+(<(?!$socket)[^>]*>)?\)" >"$here/$name.strace"
}
wanted=("$@")

record python-literal $python -c 'import urllib.request as r; r.urlopen("http://198.51.100.7/")'
record python-literal-then-name $python -c '
import socket
try: socket.create_connection(("198.51.100.7", 80))
except OSError: socket.create_connection(("both.test", 80))'
record python-hosts-file $python -c 'import socket; socket.create_connection(("printer", 80))'
record python-a-only $python -c 'import socket; s = socket.socket(); s.connect(("both.test", 80))'
record python-both $python -c 'import socket; socket.create_connection(("both.test", 80))'
record python-ipv4-socket $python -c '
import socket
a = socket.getaddrinfo("both.test", 80, socket.AF_INET6)[0][4]
import ctypes, struct
c = ctypes.CDLL(None, use_errno=True)
s = socket.socket(socket.AF_INET)
b = struct.pack("=HHI16sI", socket.AF_INET6, socket.htons(80), 0, socket.inet_pton(socket.AF_INET6, a[0]), 0)
raise SystemExit(c.connect(s.fileno(), b, len(b)) != 0)'
record python-first-only $python -c '
import socket
family, kind, protocol, _, address = [a for a in socket.getaddrinfo("both.test", 80, type=socket.SOCK_STREAM) if a[0] == socket.AF_INET][0]
socket.socket(family, kind, protocol).connect(address)'
record python-two-addresses $python -c 'import socket; socket.create_connection(("two.test", 80))'
record node-short-delay node -e '
require("net").connect({ host: "slow.test", port: 80, autoSelectFamily: true }).on("error", () => process.exit(1))'
record node-family-4 node -e 'require("net").connect({ host: "both.test", port: 80, family: 4 })'
record node-fetch node -e 'fetch("http://both.test/").then((r) => r.text())'
record ping-four-of-both ping -4 -c 1 both.test
record ping-answered ping -c 1 both.test
record python-icmp-literal $python -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
s.sendto(b"\10\0\xf7\xff\0\0\0\0", ("198.51.100.7", 0))'
record python-udp-first-only $python -c '
import socket
answers = socket.getaddrinfo("both.test", 9999, type=socket.SOCK_DGRAM)
address = [a[4] for a in answers if a[0] == socket.AF_INET][0]
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(address)'
record python-udp-send-first-only $python -c '
import socket
answers = socket.getaddrinfo("both.test", 9999, type=socket.SOCK_DGRAM)
address = [a[4] for a in answers if a[0] == socket.AF_INET][0]
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"hello", address)'
record python-udp-a-only $python -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("both.test", 123))'
record python-udp-goes-on $python -c '
import socket
server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
server.bind(("64:ff9b::c633:6407", 9999))
answers = socket.getaddrinfo("both.test", 9999, type=socket.SOCK_DGRAM)
for family, kind, _, _, address in sorted(answers):
    try:
        s = socket.socket(family, kind)
        s.connect(address)
        s.send(b"hello")
    except OSError: continue
    server.sendto(b"welcome", server.recvfrom(100)[1])
    s.recv(100)'
record java-default java -cp . Fetch both.test
record java-prefer-system java -Djava.net.preferIPv6Addresses=system -cp . Fetch both.test
record go-static ./fetch http://both.test/
record go-refused ./fetch http://both.test:9/
record curl-both curl -s http://both.test/
record curl-refused curl -s http://both.test:9/
record curl-wrong-record curl -s http://wrong.test/
record curl-mapped-record curl -s http://mapped.test/
record curl-four curl -s http://four.test/
record curl-third-party curl -s http://both.test/ http://four.test/
record curl-bogus curl -s http://bogus.test/
record curl-no-such-name curl -s http://nosuch.test/
record curl-loopback curl -s http://127.0.0.1:9/
record python-literal-misread $python -c '
import socket
socket.create_connection(("[64:ff9b::c633:6407]", 80))'
record python-literal-split $python -c '
import socket, sys
socket.create_connection((sys.argv[1].split(":")[0], 80))' 64:ff9b::c633:6407
record python-slow-patient $python -c 'import socket; socket.create_connection(("slow.test", 80))'
record python-literal-read $python -c 'import urllib.request as r; r.urlopen("http://[64:ff9b::c633:6407]/")'
record python-peer-is-ipv6 $python -c '
import ipaddress, socket
ipaddress.IPv4Address(socket.create_connection(("both.test", 80)).getpeername()[0])'
record python-joins-ipv4-group $python -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("239.1.2.3") + bytes(4))'
record python-ssdp $python -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"M-SEARCH * HTTP/1.1\r\n\r\n", ("239.255.255.250", 1900))'
record python-own-address-by-literal $python -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("198.51.100.7", 80))
print(s.getsockname()[0])'
record python-udp-too-big $python -c '
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, 62, 1)
s.sendto(b"x" * 3000, ("2001:db8::2", 9))'
record python-proxy-refuses $python -c '
import http.server, threading, urllib.request as r, os
class Proxy(http.server.BaseHTTPRequestHandler):
    def do_CONNECT(self): self.send_error(502)
p = http.server.HTTPServer(("127.0.0.1", 0), Proxy)
threading.Thread(target=p.serve_forever, daemon=True).start()
os.environ["https_proxy"] = "http://127.0.0.1:%d" % p.server_port
r.urlopen("https://four.test/")'
python3 -c '
import http.server, socket
class Proxy(http.server.BaseHTTPRequestHandler):
    def do_CONNECT(self): self.send_error(500, "Unable to connect")
class Server(http.server.HTTPServer): address_family = socket.AF_INET6
Server(("64:ff9b::c633:6407", 3128), Proxy).serve_forever()' 2>/dev/null &
sleep 1
record curl-proxy-refuses curl -s -p -x http://both.test:3128 http://four.test/
record python-proxy-password $python -c '
import http.server, threading, urllib.request as r, os
class Proxy(http.server.BaseHTTPRequestHandler):
    def do_CONNECT(self): self.send_error(407)
p = http.server.HTTPServer(("127.0.0.1", 0), Proxy)
threading.Thread(target=p.serve_forever, daemon=True).start()
os.environ["https_proxy"] = "http://127.0.0.1:%d" % p.server_port
r.urlopen("https://four.test/")'
record python-bad-gateway $python -c '
import http.server, threading, urllib.request as r
class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.send_error(502)
p = http.server.HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=p.serve_forever, daemon=True).start()
r.urlopen("http://127.0.0.1:%d/" % p.server_port)'
record python-main-without-ipv6 $python -c '
import urllib.request as r
try: r.urlopen("http://four.test/")
except OSError: r.urlopen("http://both.test/"); raise SystemExit(1)'
record sh-own-ipv4-address sh -c 'ip -4 -oneline address show scope global | grep -q .'
record sh-own-addresses sh -c 'hostname -I | grep -q "[.]"'
record python-tells-own-addresses $python -c '
import subprocess
print(subprocess.run(["hostname", "-I"], capture_output=True).stdout)'
record python-resolves-and-fails $python -c '
import socket
socket.getaddrinfo("localhost", 80, flags=socket.AI_ADDRCONFIG)
raise SystemExit(3)'
record curl-third-party-no-such-name curl -s http://both.test/ http://nosuch.test/
record curl-lame-aaaa curl -s http://lame6.test/
record python-try-again $python -c '
import socket
try: socket.create_connection(("bogus.test", 80))
except OSError: socket.create_connection(("both.test", 80))'
limit=8 record python-listens-any $python -m http.server 8000
limit=2 record python-listens-loopback $python -m http.server --bind 127.0.0.1 8000
limit=2 record python-listens-both $python -c '
import socket
s = socket.create_server(("", 8000), family=socket.AF_INET6, dualstack_ipv6=True)
s.accept()'
record python-own-loopback $python -c '
import socket
s = socket.create_server(("127.0.0.1", 0)); socket.create_connection(s.getsockname()); s.accept()'
record python-localhost-on-ipv4 $python -c '
import socket
s = socket.create_server(("127.0.0.1", 7000)); socket.create_connection(("localhost", 7000)); s.accept()'
record python-port-taken $python -m http.server --bind '64:ff9b::c633:6407' 80
record fails-alone $python -c 'raise SystemExit(3)'
record python-clock-argument $python -c 'raise SystemExit(3)' -ss 00:01:30 --mac 02:00:5e:10:00:01
record python-dies-while-listening $python -c '
import socket
s = socket.create_server(("::", 8080), family=socket.AF_INET6, dualstack_ipv6=True)
try: socket.create_connection(("198.51.100.7", 5432))
except OSError: raise SystemExit(255)'
limit=2 record python-phone-on-literal $python -c '
import socket, time
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(("::", 5060))
while True:
    try: s.sendto(b"REGISTER", ("::ffff:198.51.100.7", 5060))
    except OSError: time.sleep(0.5)'
record python-ends-its-helper $python -c '
import socket, subprocess, sys, time
helper = "import socket, time; s = socket.create_server((\"::\", 8080), family=socket.AF_INET6); print(flush=True); time.sleep(60)"
p = subprocess.Popen([sys.executable, "-c", helper], stdout=subprocess.PIPE)
p.stdout.readline()
try: socket.create_connection(("198.51.100.7", 443))
except OSError: p.terminate(); p.wait(); raise SystemExit(1)'
record python-answer-by-tcp $python -c '
import socket
for answer in socket.getaddrinfo("big.test", 9, socket.AF_INET, socket.SOCK_STREAM):
    try: socket.socket(socket.AF_INET).connect(answer[4])
    except OSError: raise SystemExit(1)'
record python-asks-by-tcp $python -c '
import socket, struct
s = socket.create_connection(("127.0.0.53", 53))
question = struct.pack("!6H", 7, 0x100, 1, 0, 0, 0) + b"\3big\4test\0" + struct.pack("!2H", 1, 1)
s.sendall(struct.pack("!H", len(question)) + question)
(length,) = struct.unpack("!H", s.recv(2))
answer = b""
while len(answer) < length: answer += s.recv(length - len(answer))
try: socket.create_connection((socket.inet_ntoa(answer[-4:]), 80))
except OSError: raise SystemExit(1)'
record python-optional-name $python -c '
import socket
try: socket.getaddrinfo("wpad.test", 80)
except OSError: pass
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.sendto(b"REGISTER", socket.getaddrinfo("lost.test", 5060, socket.AF_INET6, socket.SOCK_DGRAM)[0][4])
s.settimeout(1)
try: s.recv(100)
except OSError: raise SystemExit(1)'
record python-probes-path-mtu $python -c '
import socket
server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
server.bind(("64:ff9b::c633:6407", 443))
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, 62, 1)
try: s.sendto(b"x" * 65530, ("64:ff9b::c633:6407", 443))
except OSError: s.sendto(b"x" * 1200, ("64:ff9b::c633:6407", 443))
server.sendto(b"401", server.recvfrom(2000)[1])
s.recv(2000)
raise SystemExit(1)'
record python-error-queue $python -c '
import socket, time
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, 25, 1)
s.sendto(b"q" * 40, ("64:ff9b::c633:6407", 9999))
time.sleep(0.3)
s.recvmsg(512, 512, socket.MSG_ERRQUEUE)
raise SystemExit(1)'
ip -6 address add 2001:db8:1::dead/128 dev lo nodad
record python-unconnected-answer $python -c '
import socket
server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
server.bind(("2001:db8:1::dead", 5060))
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.sendto(b"REGISTER", socket.getaddrinfo("wrong.test", 5060, socket.AF_INET6, socket.SOCK_DGRAM)[0][4])
server.sendto(b"401", server.recvfrom(100)[1])
s.recv(100)
raise SystemExit(1)'
ip address del 127.0.0.1/8 dev lo
record python-without-loopback4 $python -c 'import socket; socket.create_connection(("127.0.0.1", 9))'
record python-binds-without-loopback4 $python -c 'import socket; socket.create_server(("127.0.0.1", 8000))'
