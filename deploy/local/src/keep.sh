#!/bin/sh
# Runs "$@" for as long as standard input stays open. The launcher holds the other end of that pipe: however it ends,
# kill -9 included, the pipe closes and the server goes too. A shell, because it costs 1 MB where a Node costs 45.
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
(
  while read -r _ <&3; do :; done
  kill -TERM "$server"
) 2>/dev/null &
watcher=$!
exec 3<&-
stop() {
  kill -TERM "$server" 2>/dev/null
}
trap stop TERM INT HUP
wait "$server"
code=$?
# A trapped signal ends the first wait early.
while kill -0 "$server" 2>/dev/null; do
  wait "$server"
  code=$?
done
kill "$watcher" 2>/dev/null
exit "$code"
