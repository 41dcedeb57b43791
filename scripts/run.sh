#!/bin/bash
# What `make run` does once everything is built: a server in the foreground with the cluster "hello" running.
set -eu
data=${DATA:-.drey}
drey="bin/drey --connection $data/connection.json"

if $drey rest GET /about > /dev/null 2>&1; then
    echo "A server runs on $data already:"
    $drey cluster list
    exit 0
fi
bin/drey serve --dev --data "$data" --log-level warn &
server=$!
trap 'kill -TERM "$server" 2> /dev/null; wait "$server"' INT TERM

until $drey rest GET /about > /dev/null 2>&1; do
    kill -0 "$server" 2> /dev/null || { wait "$server"; exit 1; }
    sleep 0.1
done

phase() { $drey cluster list -o json | python3 -c 'import json,sys; print(next((c["properties"]["status"] for c in json.load(sys.stdin) if c["name"]=="hello"), ""))'; }
case "$(phase)" in
    "") $drey cluster create hello --jar build/jars/hello.jar ;;
    Running) echo "hello is running already" ;;
    Starting | Stopping) $drey cluster wait hello --for phase=Running ;;
    *) # ended from outside, as by `make down`: without a savepoint a START would lose state, and for a demonstration that is fine
        $drey job start hello 2> /dev/null || {
            echo "hello was ended without a savepoint; creating it anew"
            $drey cluster delete hello --yes --quiet
            $drey cluster create hello --jar build/jars/hello.jar
        } ;;
esac
cat <<TEXT

Drey runs, and with it the Flink job "hello". Try in another terminal:
  bin/drey cluster list
  bin/drey logs hello -f
  bin/drey job savepoint hello
  bin/drey job update hello --arg --rate --arg 200
  bin/drey job stop hello && bin/drey job start hello
Ctrl-C ends the server and leaves the job running; \`make down\` ends both.
TEXT
wait "$server"
