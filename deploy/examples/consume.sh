#!/bin/sh
# Prints the outputs of a topic, each once: position, type, customer and data, separated by tabs.
#
#   consume.sh BROKER TOPIC [options of kcat]      for example   consume.sh 127.0.0.1:9092 rapport.lifecycle -o beginning
#
# Outputs are published at least once. This consumer does what every consumer can: it keeps the last sequence of each
# customer and drops what is not greater. It needs kcat and awk. With -e it ends at the end of the topic.
set -eu
broker=${1:?the address of a broker, host:port}
topic=${2:?an output topic, for example rapport.lifecycle}
shift 2

# %p:%o is the position, %k the key, which is the customer, and %s the CloudEvent, which has no tabs and no line breaks.
kcat -C -q -u -b "$broker" -t "$topic" -f '%p:%o\t%k\t%s\n' "$@" | awk -F '\t' '
	# attribute returns the text of a top-level attribute of the CloudEvent. They stand before the data.
	function attribute(name) {
		if (!match($3, "\"" name "\":\"[^\"]*\"")) return ""
		return substr($3, RSTART + length(name) + 4, RLENGTH - length(name) - 5)
	}
	{
		sequence = attribute("sequence")
		# The same number of digits makes the comparison one of texts; the letter keeps awk from comparing numbers.
		if ("s" sequence <= last[$2]) next
		last[$2] = "s" sequence
		print $1 "\t" attribute("type") "\t" $2 "\t" substr($3, index($3, "\"data\":") + 7, length($3) - index($3, "\"data\":") - 7)
		fflush()
	}'
