#!/bin/sh
# A tuning loop in plain sh: how wide must lines be, and how hard must gzip try, for this text to
# become smallest? No child runs, no workspace, no jq: a request is a line, and so is its answer.
set -eu
cd "$(dirname "$0")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkfifo "$folder/requests" "$folder/answers"
hdrive ask-tell -q --hyperdrive-configuration-name space.yml <"$folder/requests" >"$folder/answers" &
exec 3>"$folder/requests" 4<"$folder/answers"

# say REQUEST: sends a line and leaves its answer in $answer.
say() {
  printf '%s\n' "$1" >&3
  read -r answer <&4
  case $answer in *'"error":'*) echo "$answer" >&2; exit 1 ;; esac
}
# number NAME: the number of that name in $answer.
number() { printf '%s\n' "$answer" | sed "s/.*\"$1\":\([-0-9.e+]*\).*/\1/"; }

count=0
while [ "$count" -lt 12 ]; do
  say '{"op":"ask"}'
  case $answer in *'"id":'*) ;; *) break ;; esac # {"trials":[]}: everything was tried
  id=$(number id) level=$(number level) width=$(number width)
  size=$(fold -s -w "$width" space.yml tune.sh | gzip -c -n "-$level" | wc -c)
  echo "trial $id: level $level, width $width: $((size)) bytes"
  say "{\"op\":\"tell\",\"id\":$id,\"value\":$((size))}"
  count=$((count + 1))
done
say '{"op":"best"}'
size=$(number value)
echo "best: ${size%.0} bytes with level $(number level), width $(number width)"
exec 3>&-
wait
