#!/usr/bin/env bash
# Writes the Secrets of k8s/components/bus-security to standard output: the users of NATS with their keys, and
# certificates of an authority of its own; if asked for, that of k8s/components/sealing-key.
#
#   deploy/nats/kube-secrets.sh --out DIR --network main --nodes 9 | kubectl apply -f -
#   deploy/nats/kube-secrets.sh --out DIR --network main --only sealing-keys | kubectl create -f -
#
#   --out DIR         where keys are kept: DIR/users as deploy/nats/src/main.ts makes it, DIR/sealing, DIR/ca.crt and
#                     DIR/ca.key; and the certificates of the users that are people, DIR/operator.crt and DIR/streams.crt.
#                     Keep it away from the cluster. What is there is used again, the network and the number of nodes too;
#                     certificates are new each time. Keys are begun only where --network is said: a mistyped DIR gives
#                     `kubectl apply` nothing that shuts out who is connected
#   --namespace NAME  of the Secrets (witan)
#   --days N          how long the certificates of services are good for (90)
#   --only PART       users, certificates or sealing-keys: the Secrets of the other parts are left as they are.
#                     sealing-keys are never written unless asked for: a node cannot open its data with another one. Give
#                     them to `kubectl create`, which replaces none; to `apply` only to add those of new nodes
#   --bind            binds the users of each node to the name that its elder tells in its log (kubectl logs), so that it
#                     can answer for no other. The pods have to run, but for those that --name tells the names of or that
#                     are bound already
#   all else          to deploy/nats/src/main.ts: --network, --nodes, --name node-N=NAME, --renew USER, --force
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)

wrong() {
  echo "kube-secrets.sh: $1" >&2
  exit 78
}

out= namespace=witan days=90 only= bind= rest=()
while [ $# -gt 0 ]; do
  case $1 in
    --help) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    --out | --namespace | --days | --only)
      [ $# -ge 2 ] || wrong "$1 is missing its value"
      printf -v "${1#--}" %s "$2"
      shift 2
      ;;
    --bind) bind=yes; shift ;;
    *) rest+=("$1"); shift ;;
  esac
done
[ -n "$out" ] || wrong "--out is missing: where to keep the keys"
[[ $days =~ ^[1-9][0-9]{0,3}$ ]] || wrong "--days $days: accepts a whole number from 1 to 9999"
case $only in '' | users | certificates | sealing-keys) ;; *) wrong "--only $only: accepts users, certificates or sealing-keys" ;; esac
case $bind$only in yescertificates | yessealing-keys) wrong "--bind is for users, which --only $only leaves out" ;; esac
for program in kubectl openssl; do
  command -v "$program" > /dev/null || { echo "kube-secrets.sh: $program is missing" >&2; exit 69; }
done
missing=()
[ -e "$out/users/users.conf" ] || [ "$only" = certificates ] || missing+=('users of NATS')
[ -e "$out/sealing" ] || [ "$only" != sealing-keys ] || missing+=('sealing keys')
[ -e "$out/ca.key" ] || case $only in '' | certificates) missing+=('authority') ;; esac
if [ ${#missing[@]} != 0 ] && [[ " ${rest[*]} " != *' --network'[=\ ]* ]]; then
  wrong "$out has no ${missing[0]}, and nothing that runs knows new ones: to begin them, say --network and --nodes"
fi
umask 077
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

secret() {
  echo ---
  kubectl create secret generic "$@" --namespace "$namespace" --dry-run=client --output yaml |
    kubectl label --local --filename - --output yaml app.kubernetes.io/part-of=witan
}

users() {
  "$root/node_modules/.bin/node" "$root/deploy/nats/src/main.ts" --out "$out/users" "$@" > /dev/null
}

# `node-3`, …, as many as there are users for.
nodes() {
  for file in "$out"/users/node-*-elder.nk; do basename "$file" -elder.nk; done
}

# What the elder of a pod has said of itself when it was ready. One that is away, or whose log no longer tells it, stays bound
# as it is: the others are not to wait for it.
name_of() {
  local log name known=$out/users/$1.name
  log=$(kubectl --namespace "$namespace" logs "$1" --container elder)
  name=$(sed -nE '/"event":"ready"/s/.*"node":"([0-9a-f]{64})".*/\1/p' <<< "$log" | tail -1)
  if [ -z "$name" ] && [ -f "$known" ]; then
    name=$(< "$known")
    echo "kube-secrets.sh: the log of $1 has no ready line of its elder: it stays bound to $name" >&2
  fi
  [ -n "$name" ] || { echo "kube-secrets.sh: the log of $1 has no ready line of its elder: --name $1=NAME" >&2; exit 69; }
  printf %s "$name"
}

if [ "$only" = '' ] || [ "$only" = users ]; then
  # Replicas of a Deployment share a user.
  users "${rest[@]}"
  if [ -n "$bind" ]; then
    names=()
    for node in $(nodes); do
      case " ${rest[*]}" in *[\ =]"$node="*) continue ;; esac
      name=$(name_of "$node")
      names+=(--name "$node=$name")
    done
    users "${names[@]}"
  fi
  secret witan-nats-users --from-file="$out/users/users.conf"
  for role in gateway dkg-coordinator; do
    secret "witan-seed-$role" --from-file=nats.nk="$out/users/$role-0.nk"
  done
  seeds=()
  for file in "$out"/users/node-*.nk; do seeds+=("--from-file=$file"); done
  secret witan-seeds-node "${seeds[@]}"
fi

if [ "$only" = sealing-keys ]; then
  users "${rest[@]}"
  mkdir -p "$out/sealing"
  keys=()
  for node in $(nodes); do
    file=$out/sealing/$node.key
    [ -f "$file" ] || { openssl rand -hex 32 > "$file.draft" && mv "$file.draft" "$file"; }
    keys+=("--from-file=$file")
  done
  secret witan-sealing-keys "${keys[@]}"
fi

if [ "$only" = '' ] || [ "$only" = certificates ]; then
  request() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" "${@:2}" 2> "$work/log" || { cat "$work/log" >&2; exit 74; }; }
  if [ ! -f "$out/ca.key" ]; then
    request 'Witan NATS' -x509 -days 3650 -keyout "$out/ca.key" -out "$out/ca.crt" \
      -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
  fi
  # USAGE, NAME, and what it is called besides: $work/tls.crt and $work/tls.key.
  issue() {
    local usage=$1 name=$2
    shift 2
    request "$name" -new -keyout "$work/tls.key" -out "$work/request"
    printf 'keyUsage=critical,digitalSignature\nextendedKeyUsage=%s\nsubjectAltName=%s\n' \
      "$usage" "$(printf 'DNS:%s,' "$@" | sed 's/,$//')" > "$work/extensions"
    openssl x509 -req -in "$work/request" -CA "$out/ca.crt" -CAkey "$out/ca.key" -set_serial "0x$(openssl rand -hex 16)" \
      -days "$days" -extfile "$work/extensions" -out "$work/tls.crt" 2> "$work/log" || { cat "$work/log" >&2; exit 74; }
  }
  # Each is a client of NATS or of other servers, and a server.
  certificate() {
    local name=$1
    shift
    issue serverAuth,clientAuth "$name" "$@"
    secret "witan-tls-$name" --type=kubernetes.io/tls --from-file="$work/tls.crt" --from-file="$work/tls.key" \
      --from-file="$out/ca.crt"
  }
  of_service() { printf '%s\n' "$1" "$1.$namespace" "$1.$namespace.svc" "$1.$namespace.svc.cluster.local"; }
  # By `localhost` people know a server whose port is forwarded to them.
  mapfile -t names < <(for each in nats nats-0.nats nats-1.nats nats-2.nats; do of_service "$each"; done)
  certificate nats "${names[@]}" localhost
  # By `witan-metrics` Prometheus knows all of them, by `localhost` the command line in the pod of a gateway.
  mapfile -t names < <(of_service gateway)
  certificate gateway "${names[@]}" localhost witan-metrics
  certificate dkg-coordinator witan-metrics
  certificate node witan-metrics
  # These users are people, and nothing in the cluster is shown theirs.
  for user in operator streams; do
    issue clientAuth "$user" "$user"
    mv "$work/tls.key" "$out/$user.key"
    mv "$work/tls.crt" "$out/$user.crt"
  done
fi
