# One day of an agent from elsewhere: starts the scripted model, waits for its
# address, runs the agent, and waits until the model has noted that it heard
# how the last step ended.
#
# usage: sh play.sh MODEL SCRIPT DIRECTORY LAST-WORD AGENT
# AGENT is shell text; it finds the model's address in $origin.
model=$1 script=$2 directory=$3 last_word=$4 agent=$5

"$model" --script "$script" --log "$directory/requests" >"$directory/address" &
trap "kill -KILL $!" EXIT

patience=200
waiting() {
    patience=$((patience - 1))
    test "$patience" -gt 0 && sleep 0.05
}
until test -s "$directory/address" || ! waiting; do :; done
origin=$(cat "$directory/address")

eval "$agent"
code=$?
until grep -q "$last_word" "$directory/requests" || ! waiting; do :; done
exit "$code"
