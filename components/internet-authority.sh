#!/bin/bash
# Says the certificate of the simulated internet's authority. Runs as root on the gateway; standard input is of no
# importance but that the script runs again when it changes.
set -euo pipefail
cat /var/lib/ipv6-only-lab/internet/ca.crt
