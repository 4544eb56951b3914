# shellcheck shell=bash
# The resolver without DNS64: see unbound.ts; unbound.sh does it for both.

derive_unbound_plain() { derive_resolver unbound_plain; }

check_unbound_plain() { check_resolver unbound_plain; }

reload_unbound_plain() { reload_resolver unbound_plain; }

serves_unbound_plain() { resolver_serves unbound_plain; }

drift_unbound_plain() { drift_resolver unbound_plain; }
