package task

import (
	"fmt"
	"strings"
	"time"
)

// cronDays are the days on which a cron specification is due: those of the fields day and weekday. Where both name
// certain days, a day that either names counts, as cron has always had it; else it must fit both.
type cronDays struct {
	day, weekday uint64
	// anyDay and anyWeekday are true where the field names no certain days.
	anyDay, anyWeekday bool
	// noDays and noWeekdays are true where no plain element is in the field.
	noDays, noWeekdays bool
	// fromEnd has a bit for each distance from the month's last day: L is 0, L-3 is 3.
	fromEnd uint64
	// near has a bit for each day whose nearest working day counts (15W); nearEnd is that of the month's last day (LW).
	near    uint64
	nearEnd bool
	// nth has, for each weekday, a bit for each of its numbers in the month (fri#2); last has those whose last one in the
	// month counts (friL).
	nth  [7]uint8
	last uint8
}

// noElement stands for elements that the library need not see: what it makes of it is taken back by set.
const noElement = "*"

// takeDays takes the elements with L and W out of the field of days.
func (d *cronDays) takeDays(field string) (plain string, err error) {
	var rest []string
	for element := range strings.SplitSeq(strings.ToUpper(field), ",") {
		if !strings.ContainsAny(element, "LW") {
			rest = append(rest, element)
			continue
		}
		if err := d.takeDay(element); err != nil {
			return "", err
		}
	}
	if len(rest) == 0 {
		d.noDays = true
		return noElement, nil
	}
	return strings.Join(rest, ","), nil
}

func (d *cronDays) takeDay(element string) error {
	if element == "LW" || element == "WL" {
		d.nearEnd = true
		return nil
	}
	if before, found := strings.CutSuffix(element, "W"); found {
		n, err := wholeText(before)
		if err != nil || n < 1 || n > 31 {
			return fmt.Errorf("%.40q: before W stands a day from 1 to 31", element)
		}
		d.near |= 1 << uint(n)
		return nil
	}
	after, found := strings.CutPrefix(element, "L")
	distance, err := 0, error(nil)
	if found && after != "" {
		if after, found = strings.CutPrefix(after, "-"); found {
			distance, err = wholeText(after)
		}
	}
	if !found || err != nil || distance > 30 {
		return fmt.Errorf("%.40q: L is the last day of the month, L-3 the third before it, LW the last working day", element)
	}
	d.fromEnd |= 1 << uint(distance)
	return nil
}

var weekdayNumbers = map[string]int{"SUN": 0, "MON": 1, "TUE": 2, "WED": 3, "THU": 4, "FRI": 5, "SAT": 6}

// takeWeekdays takes the elements with # and L out of the field of weekdays, and writes the others with numbers from 0 to
// 6: a 7 is Sunday, and a range may go past Saturday.
func (d *cronDays) takeWeekdays(field string) (plain string, err error) {
	var rest []string
	for element := range strings.SplitSeq(strings.ToUpper(field), ",") {
		name, number, counted := strings.Cut(element, "#")
		lastName, isLast := strings.CutSuffix(element, "L")
		switch {
		case counted:
			day, known := weekdayNumber(name)
			n, err := wholeText(number)
			if !known || err != nil || n < 1 || n > 5 {
				return "", fmt.Errorf("%.40q: a weekday's place in the month is written fri#2, with a number from 1 to 5", element)
			}
			d.nth[day] |= 1 << uint(n)
		case isLast:
			day, known := weekdayNumber(lastName)
			if !known {
				return "", fmt.Errorf("%.40q: the last Friday of the month is written friL or 5L", element)
			}
			d.last |= 1 << uint(day)
		default:
			numbers, err := plainWeekdays(element)
			if err != nil {
				return "", err
			}
			rest = append(rest, numbers)
		}
	}
	if len(rest) == 0 {
		d.noWeekdays = true
		return noElement, nil
	}
	return strings.Join(rest, ","), nil
}

// plainWeekdays writes one element of weekdays with numbers from 0 to 6.
func plainWeekdays(element string) (string, error) {
	days, step, stepped := strings.Cut(element, "/")
	low, high, isRange := strings.Cut(days, "-")
	if low == "*" || low == "?" {
		return element, nil
	}
	from, known := weekdayNumber(low)
	if !known {
		return "", fmt.Errorf("%.40q: weekdays are mon to sun, or 0 to 7, where 0 and 7 are Sunday", element)
	}
	to := from
	switch {
	case isRange:
		if to, known = weekdayNumber(high); !known {
			return "", fmt.Errorf("%.40q: weekdays are mon to sun, or 0 to 7, where 0 and 7 are Sunday", element)
		}
		if high == "7" && from == 0 { // 0-7 is the whole week.
			to = 6
		}
	case stepped:
		to = 6
	}
	by := 1
	if stepped {
		var err error
		if by, err = wholeText(step); err != nil || by < 1 || by > 6 {
			return "", fmt.Errorf("%.40q: the step must be from 1 to 6", element)
		}
	}
	if to < from {
		to += 7
	}
	var numbers []string
	for day := from; day <= to; day += by {
		numbers = append(numbers, fmt.Sprint(day%7))
	}
	return strings.Join(numbers, ","), nil
}

func weekdayNumber(s string) (int, bool) {
	if day, known := weekdayNumbers[s]; known {
		return day, true
	}
	n, err := wholeText(s)
	return n % 7, err == nil && len(s) == 1 && n <= 7
}

// set takes in what the library made of the plain elements.
func (d *cronDays) set(day, weekday uint64) {
	const star = 1 << 63
	d.day, d.weekday = day&^star, weekday&^star
	d.anyDay, d.anyWeekday = day&star != 0 && !d.noDays, weekday&star != 0 && !d.noWeekdays
	if d.noDays {
		d.day = 0
	}
	if d.noWeekdays {
		d.weekday = 0
	}
}

// fit reports whether a date is one of the days.
func (d *cronDays) fit(year int, month time.Month, day int) bool {
	if d.anyDay && d.anyWeekday {
		return true
	}
	length := dayNumber(year, month+1, 1) - dayNumber(year, month, 1)
	weekday := int(floorMod(dayNumber(year, month, day)+4, 7)) // 1970 began on a Thursday.
	byDay := d.fitDay(day, int(length), weekday)
	byWeekday := d.weekday>>uint(weekday)&1 == 1 || d.nth[weekday]>>uint((day+6)/7)&1 == 1 ||
		d.last>>uint(weekday)&1 == 1 && day+7 > int(length)
	if d.anyDay || d.anyWeekday {
		return (d.anyDay || byDay) && (d.anyWeekday || byWeekday)
	}
	return byDay || byWeekday
}

// fitDay reports whether a day of a month is one of the field day.
func (d *cronDays) fitDay(day, length, weekday int) bool {
	if d.day>>uint(day)&1 == 1 || d.fromEnd>>uint(length-day)&1 == 1 {
		return true
	}
	if d.near == 0 && !d.nearEnd || weekday == 0 || weekday == 6 {
		return false
	}
	// A working day stands for itself, and for a weekend's day beside it whose nearest working day in the month it is.
	stands := func(target int) bool {
		return target >= 1 && target <= length && (d.near>>uint(target)&1 == 1 || d.nearEnd && target == length)
	}
	switch {
	case stands(day):
		return true
	case weekday == 5: // For Saturday; for Sunday too where the month ends with it.
		return stands(day+1) || day+2 == length && stands(day+2)
	case weekday == 1: // For Sunday; for Saturday too where the month begins with it.
		return stands(day-1) || day-2 == 1 && stands(day-2)
	}
	return false
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }
