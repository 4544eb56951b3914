# shellcheck shell=bash
# Router advertisements: see radvd.ts. /etc/radvd.conf is the plan's file and, behind it, what was announced once and is no
# more: told to be so for two hours, since nothing is forgotten by those who never heard that it went (RFC 9096 section
# 3.5 for prefixes, RFC 8106 section 5.1 and RFC 8781 section 4 for a lifetime of zero).

radvd_file=/etc/radvd.conf
planned_file=/etc/ipv6-only-lab/radvd.conf
# "SECONDS CARD KIND VALUE": until when what is withdrawn, by the clock.
withdrawn_file=$state/withdrawn
# As long as a host keeps an address whose prefix is announced with shorter lifetimes (RFC 4862 section 5.5.3).
withdrawal=7200

derive_radvd() {
  local planned withdrawn
  planned=$(bundled "$planned_file")
  if $writing; then withdrawn=$(withdrawals "$planned"); else withdrawn=$(text_of "$withdrawn_file"); fi
  if [[ -n $withdrawn || -e $withdrawn_file ]]; then draft radvd "$withdrawn_file" "$withdrawn"$'\n'; fi
  draft radvd "$radvd_file" "$(with_withdrawn "$planned" "$withdrawn")"$'\n'
}

# The plan's file, with what each card withdraws at the end of its block.
with_withdrawn() { # PLANNED WITHDRAWN
  local line card=''
  while IFS= read -r line; do
    case $line in
      'interface '*) card=${line#interface } ;;
      '};') withdrawing "$card" "$2" ;;
    esac
    printf '%s\n' "$line"
  done <<<"$1"
}

# What is announced now, or was and is not over, and is not planned; of cards that still announce.
withdrawals() { # PLANNED
  local now until card kind value
  local -A planned=() kept=() over=() cards=()
  printf -v now '%(%s)T' -1
  while read -r card kind value; do cards[$card]=yes planned[$card $kind $value]=yes; done < <(announced <<<"$1")
  while read -r until card kind value; do
    [[ -n $until ]] || continue
    if [[ $until -lt $now ]]; then over[$card $kind $value]=yes; else kept[$card $kind $value]=$until; fi
  done < <(text_of "$withdrawn_file")
  while read -r card kind value; do
    # What is over stands there with a lifetime of zero until this update.
    [[ -n ${kept[$card $kind $value]-}${over[$card $kind $value]-} ]] || kept[$card $kind $value]=$((now + withdrawal))
  done < <(text_of "$radvd_file" | announced)
  for value in "${!kept[@]}"; do
    [[ -n ${planned[$value]-} || -z ${cards[${value%% *}]-} ]] || printf '%s %s\n' "${kept[$value]}" "$value"
  done | sort -rn | head -n 32
}

# "CARD KIND VALUE" for each option of a radvd.conf that hosts remember.
announced() {
  local card='' kind value
  while read -r kind value; do
    value=${value%%\{*} value=${value%"${value##*[![:space:]]}"}
    case $kind in
      interface) card=$value ;;
      prefix) printf '%s prefix %s\n' "$card" "$(network_of "$value")" ;;
      nat64prefix | RDNSS | DNSSL) printf '%s %s %s\n' "$card" "$kind" "$value" ;;
    esac
  done
}

# The /64 of an address: the plan's prefix carries the router's whole one. Another length stays as it is.
network_of() { # ADDRESS/LENGTH
  local address=${1%/*} missing i
  local -a front=() back=()
  [[ $1 == */64 ]] || { printf '%s' "$1" && return; }
  IFS=: read -r -a front <<<"${address%%::*}"
  if [[ $address == *::* ]]; then
    IFS=: read -r -a back <<<"${address#*::}"
    missing=$((8 - ${#front[@]} - ${#back[@]}))
    for ((i = 0; i < missing; i++)); do front+=(0); done
    front+=("${back[@]}")
  fi
  printf '%s:%s:%s:%s::/64' "${front[@]:0:4}"
}

# Options with a lifetime of zero.
withdrawing() { # CARD WITHDRAWN
  local card kind value
  while read -r _ card kind value; do
    [[ $card == "$1" ]] || continue
    case $kind in
      prefix) printf '\t%s %s { AdvOnLink off; AdvValidLifetime 0; AdvPreferredLifetime 0; };\n' "$kind" "$value" ;;
      nat64prefix) printf '\t%s %s { AdvValidLifetime 0; };\n' "$kind" "$value" ;;
      RDNSS | DNSSL) printf '\t%s %s { Adv%sLifetime 0; };\n' "$kind" "$value" "$kind" ;;
    esac
  done <<<"$2"
}

check_radvd() { check radvd radvd --logmethod stderr --configtest --config "$(staged "$radvd_file")"; }

# Advertisements that have left a card (RFC 4443: type 134). A restarted radvd, and one that has read its file again, sends
# one at once; one that will not serve a card says so in its log alone and runs on.
advertisements_sent() { # CARD
  local name count
  while read -r name count; do
    [[ $name != Icmp6OutType134 ]] || printf '%s' "$count"
  done <"/proc/net/dev_snmp6/$1"
}

# The cards on which it announces.
announcing() {
  local word card
  while read -r word card; do
    [[ $word != interface ]] || printf '%s\n' "$card"
  done < <(text_of "$planned_file")
}

declare -A sent_before=()

before_radvd() {
  local card
  while read -r card; do sent_before[$card]=$(advertisements_sent "$card"); done < <(announcing)
}

reload_radvd() {
  systemctl kill --kill-whom=main --signal=HUP radvd.service || return 1
  note radvd reloaded
}

serves_radvd() {
  local card
  while read -r card; do
    [[ $(advertisements_sent "$card") -gt ${sent_before[$card]:-0} ]] || return 1
  done < <(announcing)
}

drift_radvd() {
  local card
  while read -r card; do
    [[ $(advertisements_sent "$card") -gt 0 ]] || printf 'it has sent no advertisement on %s yet\n' "$card"
  done < <(announcing)
}
