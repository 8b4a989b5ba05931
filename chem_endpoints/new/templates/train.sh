#!/bin/sh
# Makes the bundle of $name, and declares it: the first time the draft moves to $declaration,
# later the two lines artifact and sha256 change there and nothing else.
set -eu
cd "$$(dirname "$$0")/../.."
PATH="$$PWD/.venv/bin:$$PATH"

declaration=$draft
[ -e "$$declaration" ] || declaration=$declaration
if [ -e $draft ] && [ -e $declaration ]; then
  echo "$draft and $declaration are both there: delete the one that is not wanted" >&2
  exit 1
fi

$commands

if [ "$$declaration" = $draft ]; then
  mv "$$declaration" $declaration
  echo "$declaration: \`chem-endpoints validate\` and \`chem-endpoints deploy $name\` know it now"
fi
