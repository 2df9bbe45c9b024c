#!/bin/sh
# Sends a signal to all services that this process sees: `sh signal.sh STOP`. Fails where there are none.
found=
for each in /proc/[0-9]*; do
  pid=${each#/proc/}
  [ "$pid" = $$ ] && continue
  if grep -q /app/services/ "$each/cmdline" 2> /dev/null; then
    kill -s "$1" "$pid" && found=yes
  fi
done
[ -n "$found" ]
