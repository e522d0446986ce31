#!/bin/bash
# Needs socat and openssl. Each connection runs this file again with the argument "answer".
if [ "${1:-}" != answer ]; then
  exec socat "TCP-LISTEN:${PORT:-9000},reuseaddr,fork" EXEC:"bash $0 answer"
fi

length=0 given=
while IFS= read -r line && line=${line%$'\r'} && [ -n "$line" ]; do
  case ${line,,} in
    content-length:*) length=${line#*:} ;;
    x-noko-signature:*) given=${line#*:} ;;
  esac
done
# The signature is of the bytes as they arrive: verify before parsing.
body=$(mktemp)
trap 'rm -f "$body"' EXIT
head -c "${length// /}" >"$body"
expected=$(openssl dgst -sha256 -hmac "$SECRET" -r <"$body" | cut -d " " -f 1)
if [ "${given// /}" = "$expected" ]; then
  cat "$body" >&2
  printf 'HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n'
else
  printf 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
fi
