# shellcheck shell=sh
# Shared by bin/tfinfra and bin/test: makes tfinfra's own virtual environment and installs what the machine lacks.
# Sourced, with `root` set to the checkout. Everything it does is said on stderr; nothing is said when nothing is to do.

# Whose modules are in the folder that a PYTHONPATH names: not ours.
unset PYTHONPATH PYTHONHOME

# The system's certificates count, as for pip: a network with a CA of its own is no error.
UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-true}
export UV_SYSTEM_CERTS

least_space=1500 # MB that the packages take, with their downloads

say() { printf '%s\n' "tfinfra: $*" >&2; }

stop() { say "$@"; exit 1; }

# The fingerprint of what the environment was made from: a change of a dependency makes it anew.
# shellcheck disable=SC2154  # root is set by who sources this
fingerprint() { cat "$root/pyproject.toml" "$root/requirements/$1.lock" | cksum; printf '%s\n' "$root"; }

is_ready() { [ "$(cat "$1/tfinfra-$2" 2>/dev/null)" = "$(fingerprint "$2")" ] && [ -x "$1/bin/python" ]; }

# The user's home, as the machine knows it where HOME is not set.
home_folder() {
  home=${HOME:-$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6)}
  [ -n "$home" ] || stop "there is no home folder: set HOME, or name folders of your own: TFINFRA_CACHE_DIR and TFINFRA_STATE_DIR"
  printf '%s\n' "$home"
}

cache_folder() {
  folder=${TFINFRA_CACHE_DIR:-${XDG_CACHE_HOME:-}}
  if [ -n "${TFINFRA_CACHE_DIR:-}" ]; then :
  elif [ -n "$folder" ]; then folder=$folder/tfinfra
  else
    folder=$(home_folder) || exit 1
    folder=$folder/.cache/tfinfra
  fi
  case $folder in /*) ;; *) folder=$PWD/$folder ;; esac
  printf '%s\n' "$folder"
}

# Whether a folder is this user's, and nobody else may enter it.
is_private() {
  [ -n "$(find -H "$1" -prune -user "$(id -u)")" ] || return 1
  case $(ls -ldLH "$1") in ????--[-S]--[-T]*) ;; *) return 1 ;; esac
}

# Whether the user's group has nobody else in it: many systems make such a one for each user, and a umask by which it may write.
is_alone_in_group() {
  case $(getent group "$(id -un 2>/dev/null)" 2>/dev/null) in *: | *:"$(id -un 2>/dev/null)") ;; *) return 1 ;; esac
}

# Ends where a folder in the cache is, or may be written by, somebody else: what is in it is run. As in tfinfra/system/ownership.py, of
# what stands in a private cache owners count alone.
require_own() {
  cache=$(cache_folder) || exit 1
  written="-o -perm -0002 -o -perm -0020"
  ! is_alone_in_group || written="$written ! -group $(id -un)"
  for folder in "$cache" "$@"; do
    [ ! -e "$folder" ] && continue
    # shellcheck disable=SC2086  # a list of words
    [ -z "$(find "$folder" -prune ! -user "$(id -u)" ! -user 0; find -H "$folder" -prune \( ! -user "$(id -u)" ! -user 0 $written \))" ] ||
      stop "$folder belongs to another user, or may be written by one: what is in it may be somebody else's work; name another cache: TFINFRA_CACHE_DIR"
    ! is_private "$cache" || written=""
  done
}

# Makes the cache its user's alone where it is missing or empty, as tfinfra does (tfinfra/system/paths.py).
make_cache() {
  cache=$(cache_folder) || exit 1
  (umask 077 && mkdir -p "$cache")
  [ -n "$(ls -A "$cache")" ] || is_private "$cache" || { chmod 700 "$cache" && say "other users could read $cache; it is yours alone now (0700)"; }
}

# The environment's folder: .venv of the checkout, or the user's cache where the checkout is somebody else's.
venv_folder() {
  if [ -w "$root" ]; then printf '%s\n' "$root/.venv"
  else
    cache=$(cache_folder) || exit 1
    folder="$cache/venv-$(printf '%s' "$root" | cksum | cut -d' ' -f1)"
    (require_own "$folder" "$folder/bin") && printf '%s\n' "$folder"
  fi
}

find_python() {
  for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.10 /usr/bin/python3; do
    if "$candidate" -I -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  stop "needs Python 3.10 or newer, and found none; install it, or name one: PYTHON=/path/to/python3 $0"
}

# Debian's packages, where this is Debian and root; otherwise `doctor` names what is missing.
apt_install() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
  say "installing $* (Debian packages)"
  (umask 022 && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@") >/dev/null 2>"$log" ||
    { cat "$log" >&2; return 1; }
}

# What nodes of the local cloud and the build of Horovod need. cloud-init is for the nodes alone: where it was not installed
# before, it is switched off for this machine's own boot.
system_packages() {
  wanted=""
  command -v g++ >/dev/null && command -v make >/dev/null || wanted="$wanted g++ make"
  if [ "$(id -u)" = 0 ] && [ "$(uname)" = Linux ]; then
    command -v ip >/dev/null || wanted="$wanted iproute2"
    if ! command -v cloud-init >/dev/null; then
      wanted="$wanted cloud-init"
      mkdir -p /etc/cloud && touch /etc/cloud/cloud-init.disabled
    fi
  fi
  # shellcheck disable=SC2086  # a list of names
  [ -z "$wanted" ] || apt_install $wanted || say "could not install$wanted; 'tfinfra doctor' says what is then not possible"
}

# Says at once what is missing: nothing is fetched for an installation, or for first runs, that cannot come to their end.
foresee() {
  find_python >/dev/null || exit 1
  nearest=$venv
  while [ ! -d "$nearest" ]; do nearest=$(dirname "$nearest"); done
  [ -w "$nearest" ] || stop "cannot write $nearest; name another cache: TFINFRA_CACHE_DIR"
  free=$(df -Pk "$nearest" | awk 'NR == 2 { print int($4 / 1024) }')
  [ "${free:-$least_space}" -ge "$least_space" ] || stop "needs $least_space MB of disk for its packages, and $nearest has $free MB free"
  command -v pulumi >/dev/null || command -v go >/dev/null || [ -d "$(cache_folder 2>/dev/null)/pulumi" ] ||
    say "note: neither Pulumi nor Go is on this machine: the first run fetches Pulumi from get.pulumi.com, which must be in reach"
  command -v g++ >/dev/null && command -v make >/dev/null || [ "$(id -u)" = 0 ] ||
    say "note: g++ and make are not on this machine: runs with Horovod (distributed_backend: mpi) need both"
}

make_venv() {
  python=$(find_python) || exit 1
  say "making a virtual environment with $("$python" -V) in $venv (once)"
  rm -rf "$venv"
  "$python" -I -m venv "$venv" 2>"$log" || { apt_install python3-venv && "$python" -I -m venv "$venv" 2>"$log"; } ||
    stop "'$python -m venv' failed: $(tail -n 1 "$log")"
}

install_packages() {
  say "installing tfinfra and its pinned packages ($(grep -c '^[a-z]' "$root/requirements/$1.lock") packages, about 500 MB; once)"
  {
    sed -n '/^uv==/,/^[^ ]/{/^uv==/p;/^ *--hash/p;}' "$root/requirements/run.lock" >"$venv/tfinfra-uv.txt" &&
      "$venv/bin/python" -I -m pip install -q --require-hashes --only-binary :all: --no-deps -r "$venv/tfinfra-uv.txt" &&
      "$venv/bin/python" -I -m uv pip install -q --python "$venv/bin/python" --compile-bytecode --require-hashes -r "$root/requirements/$1.lock" &&
      "$venv/bin/python" -I -m uv pip install -q --python "$venv/bin/python" --no-deps --build-constraints "$root/requirements/build.lock" -e "$root"
  } >"$log" 2>&1 || { tail -n 15 "$log" >&2; stop "installing the packages failed"; }
}

# prepare run|dev: leaves `venv` set to an environment that is whole; two at once wait for each other.
prepare() {
  venv=$(venv_folder) || exit 1
  is_ready "$venv" "$1" && return
  [ "$venv" = "$root/.venv" ] || make_cache
  log=$(mktemp)
  exec 9>"$venv.lock"
  command -v flock >/dev/null && flock 9
  if ! is_ready "$venv" "$1"; then
    foresee
    (
      cd / # the folder that this was called in may be a stranger's: no module and no uv.toml of it counts
      system_packages
      [ "$venv" = "$root/.venv" ] || umask 077 # what is in the cache is run by its user alone
      "$venv/bin/python" -I -m pip --version >/dev/null 2>&1 || make_venv
      install_packages "$1"
      [ "$1" = run ] || fingerprint run >"$venv/tfinfra-run"
      fingerprint "$1" >"$venv/tfinfra-$1"
    ) || exit 1
  fi
  exec 9>&-
  rm -f "$log"
}

# prepare_tool NAME: leaves `tool` set to an environment of its own in the cache, with what requirements/NAME.lock pins. `venv` is one
# that `prepare` has left.
prepare_tool() {
  tool=$(cache_folder)/$1-$(cksum <"$root/requirements/$1.lock" | cut -d' ' -f1)
  require_own "$tool" "$tool/bin"
  [ ! -e "$tool/whole" ] || return 0
  make_cache
  exec 9>"$tool.lock"
  command -v flock >/dev/null && flock 9
  if [ ! -e "$tool/whole" ]; then
    (
      umask 077
      cd / # the folder that this was called in may be a stranger's: no module and no uv.toml of it counts
      "$venv/bin/python" -I -m uv venv -q --clear --python "$venv/bin/python" "$tool"
      "$venv/bin/python" -I -m uv pip install -q --python "$tool/bin/python" --require-hashes -r "$root/requirements/$1.lock"
      touch "$tool/whole"
    )
  fi
  exec 9>&-
}
