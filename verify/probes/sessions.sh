# shellcheck shell=bash
# Stands before a script that tells Jool's sessions.

tell_sessions() {
  section sessionsTcp jool session display --csv --numeric --tcp
  section sessionsUdp jool session display --csv --numeric --udp
  section sessionsIcmp jool session display --csv --numeric --icmp
}
