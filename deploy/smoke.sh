#!/bin/sh
# Builds the image, starts the stack under a name and ports of its own, does the main job against it, and removes all of
# it again. It needs docker with compose (`docker compose` or docker-compose), curl, and nothing else.
set -eu
cd "$(dirname "$0")/.."

export PUBLISHED_PORT="${PUBLISHED_PORT:-18080}"
export PUBLISHED_ADMIN_PORT="${PUBLISHED_ADMIN_PORT:-18081}"
export AUTHD_ISSUER="http://127.0.0.1:$PUBLISHED_PORT"
export NOTES_PORT="${NOTES_PORT:-18090}"
notes="http://127.0.0.1:$NOTES_PORT"
admin="http://127.0.0.1:$PUBLISHED_ADMIN_PORT"
answer=$(mktemp)

# The root file includes the one of this folder, which Compose before 2.20 cannot read.
if docker compose version >/dev/null 2>&1; then
	compose() { docker compose -p authd-smoke "$@"; }
else
	compose() { docker-compose -p authd-smoke -f deploy/docker-compose.yml "$@"; }
fi

finish() {
	status=$?
	[ $status -eq 0 ] || compose logs --no-color || true
	compose down --volumes >/dev/null 2>&1 || true
	rm -f "$answer"
	[ $status -eq 0 ] && echo "smoke: passed" || echo "smoke: FAILED" >&2
}
trap finish EXIT

fail() {
	echo "smoke: $*" >&2
	exit 1
}

# call WANTED METHOD PATH [more of curl's arguments]: one request, whose status must be the wanted one. A path of
# another service than authd is its whole address.
call() {
	wanted=$1 method=$2 path=$3
	shift 3
	case $path in
	/*) url=$AUTHD_ISSUER$path ;;
	*) url=$path ;;
	esac
	got=$(curl -sS -o "$answer" -w '%{http_code}' -X "$method" "$@" "$url")
	echo "smoke: $method $path $got"
	[ "$got" = "$wanted" ] || fail "wanted $wanted: $(cat "$answer")"
}

json() { call "$1" POST "$2" -H 'Content-Type: application/json' -d "$3"; }
member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$answer"; }
of_authd() { docker inspect -f "$1" "$(compose ps -q authd)"; }

# healthy waits for the image's own HEALTHCHECK to say so.
healthy() {
	for _ in $(seq 60); do
		[ "$(of_authd '{{.State.Health.Status}}')" = healthy ] && return
		sleep 1
	done
	fail "authd did not become healthy"
}

# eventually SECONDS STATUS URL [more of curl's arguments]: asks until the status is the wanted one.
eventually() {
	seconds=$1 wanted=$2 url=$3
	shift 3
	for _ in $(seq $((seconds * 10))); do
		got=$(curl -s -o "$answer" -w '%{http_code}' "$@" "$url" || true)
		[ "$got" = "$wanted" ] && echo "smoke: $url $got" && return
		sleep 0.1
	done
	fail "$url: wanted $wanted within $seconds s, got $got: $(cat "$answer")"
}

compose up --build --detach
healthy

ada='{"username":"ada","password":"a cup of tea at four"}'
json 201 /register "$ada"
json 200 /login "$ada"
json 200 /refresh "{\"refresh_token\":\"$(member refresh_token)\"}"
access=$(member access_token) refresh=$(member refresh_token)
call 200 GET /me -H "Authorization: Bearer $access"
call 200 GET /.well-known/jwks.json

# A service that verifies by itself takes the token, and hears of the logout.
eventually 30 200 "$notes/readyz"
call 401 GET "$notes/notes"
call 201 POST "$notes/notes" -H "Authorization: Bearer $access" -d '{"text":"buy milk"}'
call 200 GET "$notes/notes" -H "Authorization: Bearer $access"
call 204 POST /logout -H "Authorization: Bearer $access"
call 401 GET /me -H "Authorization: Bearer $access"
eventually 1 401 "$notes/notes" -H "Authorization: Bearer $access"
json 401 /refresh "{\"refresh_token\":\"$refresh\"}"

# Operators come in by their own port, with the token that init made and nobody printed.
call 200 GET "$admin/metrics"
call 401 GET "$admin/admin/users"
call 404 GET /admin/users
token=$(compose exec -T postgres cat /secrets/admin.token)
call 200 GET "$admin/admin/users?username=ada" -H "Authorization: Bearer $token"
call 421 GET "$admin/admin/users" -H "Authorization: Bearer $token" -H "Host: rebound.example"

# What was stored and what was sealed outlive the containers.
compose down
compose up --detach
healthy
json 200 /login "$ada"

[ "$(of_authd '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}')" = '65532:65532 true [ALL]' ] ||
	fail "authd runs with more than it needs"
authd=$(compose ps -q authd)
compose stop authd
[ "$(docker inspect -f '{{.State.ExitCode}}' "$authd")" = 0 ] || fail "authd did not stop gracefully"
