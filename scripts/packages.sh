# shellcheck shell=bash
# Which packages are missing, and how apt gets them. Sourced by scripts/setup.
#
# A want is a list of extended regular expressions with commas between, best
# first: names differ between releases. It is met by an installed package that matches any of them.

INSTALLED="$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' 2>/dev/null |
  sed -n 's/^installed //p' | sort -u)"

# have WANT: prints the installed package that meets it.
have() {
  local pattern patterns
  IFS=, read -r -a patterns <<<"$1"
  for pattern in "${patterns[@]}"; do
    grep -Ex "$pattern" <<<"$INSTALLED" | sort -Vr | head -n 1 | grep . && return 0
  done
  return 1
}

# available WANT: prints the newest package of this release that meets it.
available() {
  local pattern patterns name
  IFS=, read -r -a patterns <<<"$1"
  for pattern in "${patterns[@]}"; do
    for name in $(apt-cache pkgnames | grep -Ex "$pattern" | sort -Vr); do
      # No grep -q: it would end the pipe early, which pipefail calls a failure.
      if apt-cache policy "$name" | grep '^ *Candidate: [^(]' >/dev/null; then
        printf '%s\n' "$name"
        return 0
      fi
    done
  done
  return 1
}

apt_get() {
  local prefix=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      die "neither root nor sudo here; as root, run: $ROOT/scripts/setup"
    prefix=(sudo)
  fi
  quietly "apt-$1" "${prefix[@]}" env DEBIAN_FRONTEND=noninteractive \
    NEEDRESTART_MODE=a apt-get -qq -y -o Dpkg::Use-Pty=0 \
    -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}

# ensure [--optional] WANT...: installs what is missing, says what it installs.
# An optional want that this release does not package is named and left out.
ensure() {
  local optional=0 want name wanted=() names=()
  if [[ "$1" == --optional ]]; then
    optional=1
    shift
  fi
  for want in "$@"; do
    have "$want" >/dev/null || wanted+=("$want")
  done
  if ((${#wanted[@]} == 0)); then return 0; fi
  if ! command -v apt-get >/dev/null; then
    say "no apt-get here; if the build fails, install: ${wanted[*]}"
    return 0
  fi
  if [[ -z "${APT_UPDATED:-}" ]]; then
    apt_get update || return 1
    APT_UPDATED=1
  fi
  for want in "${wanted[@]}"; do
    if name="$(available "$want")"; then
      names+=("$name")
    elif ((optional)); then
      say "not packaged in this release: $want"
    else
      die "no package for $want; is the release older than Debian 12 or Ubuntu 22.04?"
    fi
  done
  if ((${#names[@]} == 0)); then return 0; fi
  say "installing: ${names[*]}"
  apt_get install --no-install-recommends "${names[@]}" || return 1
  INSTALLED="$INSTALLED"$'\n'"$(printf '%s\n' "${names[@]}")"
}
