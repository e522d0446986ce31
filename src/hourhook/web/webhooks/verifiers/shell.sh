#!/bin/bash
# To try things out. Needs socat and openssl. Each connection runs this file again with the argument "answer".
set -f
if [ "${1:-}" != answer ]; then
  exec socat "TCP-LISTEN:${PORT:-9000},reuseaddr,fork" EXEC:"bash $0 answer"
fi

length=0 id='' timestamp='' signatures=''
while IFS= read -r line && line=${line%$'\r'} && [ -n "$line" ]; do
  name=${line%%:*} value=${line#*:} value=${value# }
  case ${name,,} in
    content-length) [[ $value =~ ^[0-9]+$ ]] && length=$value ;;
    webhook-id) id=$value ;;
    webhook-timestamp) timestamp=$value ;;
    webhook-signature) signatures=$value ;;
  esac
done
# The signature is of the bytes as they arrive: keep them in a file, since a variable loses some.
body=$(mktemp)
trap 'rm -f "$body"' EXIT
head -c "$length" >"$body"

is_genuine() {
  [[ $timestamp =~ ^[1-9][0-9]{0,11}$ ]] || return 1
  local age=$(($(date +%s) - timestamp))
  [ "${age#-}" -le 300 ] || return 1
  key=$(printf %s "${SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
  expected=v1,$({ printf %s "$id.$timestamp."; cat "$body"; } |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
  # There are two signatures while a secret is being changed.
  for signature in $signatures; do
    [ "$signature" != "$expected" ] || return 0
  done
  return 1
}

if is_genuine; then
  cat "$body" >&2
  printf 'HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n'
else
  printf 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
fi
