# Sourced by scripts/run and scripts/test: makes .venv, or brings it up to date, and does nothing when it is current.
# Needs Python 3.11 or newer; PYTHON names another one than the first found.

note() { printf '%s\n' "$*" >&2; }

python_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' </dev/null >/dev/null 2>&1; }

find_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} python3 python python3.14 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null 2>&1 && python_new_enough "$candidate"; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  note "eaa-graph needs Python 3.11 or newer, and none was found."
  note "Install one from https://www.python.org/downloads/ (or name it: PYTHON=/path/to/python3.12 $0)."
  return 1
}

# What an installation depends on: where the checkout is, what pyproject.toml asks for, and the version.
stamp_of() { printf '%s\n' "$PWD"; cat pyproject.toml eaa_graph/__init__.py; }

make_venv() {
  local python
  python=$(find_python) || return 1
  note "making .venv with $("$python" --version 2>&1) ..."
  if ! "$python" -m venv --clear .venv </dev/null >&2; then
    # Debian and Ubuntu keep this part of Python in a package of its own.
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
      install_debian python3-venv && "$python" -m venv --clear .venv </dev/null >&2 && return 0
    fi
    note "Python could not make .venv; on Debian or Ubuntu: sudo apt-get install python3-venv"
    return 1
  fi
}

install_debian() {
  note "installing $* ..."
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } \
    </dev/null >/dev/null 2>&1
}

# ensure_installed "" | "test": installs the package from this folder, with that extra.
ensure_installed() {
  local extra=$1 stamp=.venv/installed${1:+-$1}
  export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
  if [ -x .venv/bin/python ] && python_new_enough .venv/bin/python; then
    if [ -f "$stamp" ] && stamp_of | cmp -s - "$stamp"; then return 0; fi
  else
    make_venv || return 1
  fi
  note "installing eaa-graph${extra:+ with what the tests need} into .venv (a minute or two, once) ..."
  .venv/bin/python -m pip install --quiet --editable ".${extra:+[$extra]}" </dev/null >&2 || {
    note "the installation failed: pip says why above"
    return 1
  }
  # What the tests need includes what the package needs.
  stamp_of >.venv/installed
  stamp_of >"$stamp"
}

# What only the tests run. Each is made once, and again when the file that lists it changes.

# ensure_checkers: the checkers that want an environment of their own, in .venv-checks.
ensure_checkers() {
  local list=tests/checks/requirements.txt stamp=.venv-checks/installed
  if [ -f "$stamp" ] && cmp -s "$list" "$stamp"; then return 0; fi
  note "installing the checkers of others into .venv-checks (a minute, once) ..."
  .venv/bin/python -m venv --clear .venv-checks </dev/null >&2 &&
    .venv-checks/bin/python -m pip install --quiet --requirement "$list" </dev/null >&2 &&
    cp "$list" "$stamp" && return 0
  rm -rf .venv-checks
  note "the checkers in $list could not be installed: the tests that need them will be skipped"
}

# ensure_node_modules: what the tests run in JavaScript, in tests/npm/node_modules.
ensure_node_modules() {
  local list=tests/npm/package-lock.json stamp=tests/npm/node_modules/installed
  if [ -f "$stamp" ] && cmp -s "$list" "$stamp"; then return 0; fi
  if ! command -v npm >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && install_debian nodejs npm; then :; else
      note "no npm: the tests that need JavaScript will be skipped; on Debian: sudo apt-get install nodejs npm"
      return 0
    fi
  fi
  note "installing the tests' programs in JavaScript into tests/npm/node_modules (half a minute, once) ..."
  if (cd tests/npm && npm ci --silent) </dev/null >&2; then
    cp "$list" "$stamp"
  else
    rm -rf tests/npm/node_modules
    note "npm could not install $list: the tests that need it will be skipped"
  fi
}
