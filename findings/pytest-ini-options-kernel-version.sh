#!/usr/bin/env bash
# pytest 8.2.0 and 9.2.0 read a kernel version that is written as a bare TOML number in
# [tool.pytest.ini_options], and give a plugin that declared a string the number's shortest form:
# 6.10 arrives as "6.1", another kernel, without a warning.  The table [tool.pytest], which 9.0
# introduced, refuses the same value.
#
# Expected output:
#   8.2.0 ini_options: kernel is '6.1'
#   9.2.0 ini_options: kernel is '6.1'
#   9.2.0 native: refused
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/project"
cat > "$work/project/conftest.py" <<'PY'
def pytest_addoption(parser):
    parser.addini("kernel", "a kernel release", "string", default="")


def pytest_report_header(config):
    return f"kernel is {config.getini('kernel')!r}"
PY
echo 'def test_it(): pass' > "$work/project/test_it.py"

run() { # VERSION TABLE NAME
    printf '[tool.%s]\nkernel = 6.10\n' "$2" > "$work/project/pyproject.toml"
    if out=$(cd "$work/project" && "$work/$1/bin/python" -m pytest -p no:cacheprovider 2>&1); then
        echo "$1 $3: $(grep -o "kernel is .*" <<< "$out")"
    elif grep -q "TypeError\|expects a string" <<< "$out"; then
        echo "$1 $3: refused"
    else
        echo "$1 $3: $out"
    fi
}

for version in 8.2.0 9.2.0; do
    python3 -m venv "$work/$version"
    "$work/$version/bin/pip" install -q "pytest==$version" 2> /dev/null
done
found=$(
    run 8.2.0 pytest.ini_options ini_options
    run 9.2.0 pytest.ini_options ini_options
    run 9.2.0 pytest native
)
echo "$found"
expected="8.2.0 ini_options: kernel is '6.1'
9.2.0 ini_options: kernel is '6.1'
9.2.0 native: refused"
[ "$found" = "$expected" ]
