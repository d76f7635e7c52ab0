#!/bin/sh
# Bird strikes: which animals cost aircraft the most? The job of Segno's demo.
#
#   strikes.sh extract     SEGNO_PARAM_DATA (gzipped CSV)  →  extracted.tsv
#   strikes.sh clean       extracted.tsv                   →  clean.tsv, rejected.tsv
#   strikes.sh aggregate   clean.tsv                       →  groups.tsv
#   strikes.sh report      groups.tsv                      →  report.txt and the output values
#
# Each step reads the file of the step before it in the working directory, and leaves its own whole or not at all, so
# the chain can be taken up after any of them. SEGNO_PARAM_PACE is how many seconds to rest after each year, for people
# to read along; 0 is full speed and gives the same files.
#
# It needs a POSIX shell, awk and gzip, and also runs by hand, without a job server.

set -eu
LC_ALL=C
export LC_ALL

data=${SEGNO_PARAM_DATA:-birdstrikes.csv.gz}
pace=${SEGNO_PARAM_PACE:-0}
first_year=1990
last_year=2002
columns=14
tab=$(printf '\t')

if ! command -v jobserver >/dev/null 2>&1; then
	jobserver() { printf '[%s]\n' "$*"; }
fi

rest() { [ "$pace" = 0 ] || sleep "$pace"; }

# tell says how far the work is. Progress is for people: where it cannot be handed over, the work goes on.
tell() { jobserver progress "$@" || :; }

# each_year FROM TO WHAT calls step_year for one year after the other and tells the progress between FROM and TO percent.
each_year() {
	year=$first_year
	while [ "$year" -le "$last_year" ]; do
		step_year "$year"
		done_years=$((year - first_year + 1))
		all_years=$((last_year - first_year + 1))
		tell $(($1 + ($2 - $1) * done_years / all_years)) "$3 $year"
		rest
		year=$((year + 1))
	done
}

# extract unpacks the reports and keeps the columns that the question needs: date, state, phase of flight, size,
# species, time of day, damage, cost, operator, aircraft, airport, speed.
extract() {
	gzip -dc "$data" >reports.csv
	awk -F, -v want="$columns" '
		NF != want { printf "line %d has %d columns, not %d\n", NR, NF, want >"/dev/stderr"; bad = 1; exit }
		END { exit bad }' reports.csv
	: >extracted.part
	step_year() {
		awk -F, -v OFS='\t' -v year="$1" '
			NR > 1 && substr($4, 1, 4) == year { print $4, $6, $7, $8, $9, $10, $3, $13, $5, $2, $1, $14; n++ }
			END { printf "extract   %s  %5d reports\n", year, n >"/dev/stderr" }' reports.csv >>extracted.part
	}
	each_year 0 20 "unpacking" 2>&1
	mv extracted.part extracted.tsv
	rm reports.csv
	echo "extract   $(lines extracted.tsv) reports from $first_year to $last_year"
}

# clean drops reports that equal an earlier one, takes the asterisk off operators that no longer exist, and names damage
# codes that the source does not explain "Unclear".
clean() {
	: >clean.part
	: >rejected.part
	step_year() {
		awk -F'\t' -v OFS='\t' -v year="$1" '
			substr($1, 1, 4) != year { next }
			seen[$0]++ { print "repeated", $0 >>"rejected.part"; repeated++; next }
			{
				sub(/\*$/, "", $9)
				if ($7 !~ /^(None|Minor|Medium|Substantial)$/) { $7 = "Unclear"; unclear++ }
				print
				kept++
			}
			END { printf "clean     %s  %5d kept  %2d repeated  %2d of unclear damage\n", year, kept, repeated, unclear >"/dev/stderr" }
		' extracted.tsv >>clean.part
	}
	each_year 20 50 "cleaning" 2>&1
	mv rejected.part rejected.tsv
	mv clean.part clean.tsv
	echo "clean     $(lines clean.tsv) reports kept, $(lines rejected.tsv) rejected"
}

# aggregate counts strikes, damage and cost per year, phase of flight, size and species.
aggregate() {
	: >groups.part
	step_year() {
		awk -F'\t' -v OFS='\t' -v year="$1" '
			substr($1, 1, 4) == year {
				group = year OFS $3 OFS $4 OFS $5
				strikes[group]++; all++
				damaged[group] += ($7 != "None"); hurt += ($7 != "None")
				cost[group] += $8; dollars += $8
			}
			END {
				for (group in strikes) print group, strikes[group], damaged[group], sprintf("%.0f", cost[group])
				bar = sprintf("%*s", dollars / 250000, ""); gsub(/ /, "#", bar)
				printf "aggregate %s  %5d strikes  %4d with damage  %9.0f $  %s\n", year, all, hurt, dollars, bar >"/dev/stderr"
			}' clean.tsv >year.part
		sort year.part >>groups.part
	}
	each_year 50 90 "adding up" 2>&1
	rm year.part
	mv groups.part groups.tsv
	echo "aggregate $(lines groups.tsv) groups"
}

# report ranks the groups and hands the totals over.
report() {
	totals=$(awk -F'\t' '{ s += $5; d += $6; c += $7 } END { printf "%.0f %.0f %.0f", s, d, c }' groups.tsv)
	# shellcheck disable=SC2086 # three numbers, split on purpose
	set -- $totals
	strikes=$1 damaged=$2 cost=$3
	{
		echo "Bird strikes $first_year to $last_year: $strikes reports, $damaged with damage, $cost \$"
		ranking 3 "Size" "$strikes" "$cost"
		ranking 2 "Phase of flight" "$strikes" "$cost"
		ranking 4 "Species" "$strikes" "$cost"
	} >report.part
	mv report.part report.txt
	sed 's/^/report    /' report.txt
	tell 95 "handing over"
	rest
	jobserver output "strikes=$strikes"
	jobserver output "damaged=$damaged"
	jobserver output "cost_dollars=$cost"
	jobserver output "costliest_species=$(costliest 4)"
	jobserver output "costliest_phase=$(costliest 2)"
	jobserver output "groups=$(lines groups.tsv)"
	jobserver output "groups_checksum=$(cksum <groups.tsv | cut -d' ' -f1)"
	tell 100 "done"
}

# by COLUMN prints cost, strikes, damage and name of each value of a column, the costliest first.
by() {
	awk -F'\t' -v OFS='\t' -v column="$1" '
		{ s[$column] += $5; d[$column] += $6; c[$column] += $7 }
		END { for (name in s) print sprintf("%.0f", c[name]), s[name], d[name], name }' groups.tsv |
		sort -t "$tab" -k1,1nr -k4,4
}

costliest() { by "$1" | head -n 1 | cut -f4; }

# ranking COLUMN TITLE STRIKES COST prints the seven costliest values of a column with their shares.
ranking() {
	printf '\n%-24s %8s %7s %8s %9s %7s\n' "$2" strikes share damaged "cost \$" share
	by "$1" | head -n 7 | awk -F'\t' -v strikes="$3" -v cost="$4" '
		{ printf "%-24s %8d %6.1f%% %8d %9.0f %6.1f%%\n", $4, $2, 100 * $2 / strikes, $3, $1, 100 * $1 / cost }'
}

lines() { awk 'END { print NR }' "$1"; }

case ${1:-} in
extract | clean | aggregate | report) "$1" ;;
*)
	echo "usage: strikes.sh extract|clean|aggregate|report" >&2
	exit 2
	;;
esac
