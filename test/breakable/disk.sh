#!/bin/sh
# What is done to the disk that holds FOLDER, by whoever can write there: `sh disk.sh cut|fill|clear|size FOLDER`
folder=$2
flag=$folder/.filling
ballast=$folder/.ballast
case $1 in
  # Takes the room that logs keep for more. Nobody may be writing there.
  cut) exec node /breakable/cut-room.mjs "$folder" ;;
  # Takes all the room that there is, and what is given back, until it is cleared.
  fill)
    touch "$flag"
    (
      while [ -e "$flag" ]; do
        cat /dev/zero >> "$ballast"
        sleep 0.02
      done
      rm -f "$ballast"
    ) > /dev/null 2>&1 < /dev/null &
    until [ "$(stat -f -c %a "$folder")" = 0 ]; do sleep 0.02; done
    ;;
  # Gives it back, also where whoever has filled it is there no more.
  clear)
    rm -f "$flag"
    for _ in 1 2 3 4 5 6 7 8 9 10; do
      [ -e "$ballast" ] || exit 0
      sleep 0.1
    done
    rm -f "$ballast"
    ;;
  # Its file system, blocks in all, and bytes of each.
  size) stat -f -c '%i %b %S' "$folder" ;;
esac
