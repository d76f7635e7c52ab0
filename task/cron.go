package task

import (
	"fmt"
	"hash/fnv"
	"math/bits"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// cronSpec is a cron specification: the local times at which something is due. Times are seconds of the wall clock since
// 1970, whatever the zone.
type cronSpec struct {
	second, minute, hour, month uint64
	days                        cronDays
}

// cronWords are the names of specifications.
var cronWords = map[string]string{
	"@yearly": "0 0 0 1 1 *", "@annually": "0 0 0 1 1 *", "@monthly": "0 0 0 1 * *", "@weekly": "0 0 0 * * 0",
	"@daily": "0 0 0 * * *", "@midnight": "0 0 0 * * *", "@hourly": "0 0 * * * *",
}

// The fields of a specification, in their order.
const (
	fieldSecond = iota
	fieldMinute
	fieldHour
	fieldDay
	fieldMonth
	fieldWeekday
	cronFields
)

// cronField is what is known of a field: its name, its bounds, and those of a hashed value.
type cronField struct {
	name             string
	least, most      int
	hashFrom, hashTo int
}

var cronFieldsOf = [cronFields]cronField{
	{"second", 0, 59, 0, 59}, {"minute", 0, 59, 0, 59}, {"hour", 0, 23, 0, 23},
	// Each month has a 28th, so that what is hashed is due in each.
	{"day", 1, 31, 1, 28}, {"month", 1, 12, 1, 12}, {"weekday", 0, 6, 0, 6},
}

// parseCron reads a specification of five or six fields or a word such as @daily. What stands for H, a hashed value,
// follows from seed.
func parseCron(text, seed string) (cronSpec, error) {
	fields := strings.Fields(text)
	if word, known := cronWords[strings.ToLower(strings.TrimSpace(text))]; known {
		fields = strings.Fields(word)
	}
	switch {
	case len(text) > MaxCron:
		return cronSpec{}, fmt.Errorf("must be at most %d bytes, not %d", MaxCron, len(text))
	case strings.Contains(strings.ToUpper(text), "TZ="):
		return cronSpec{}, fmt.Errorf("must not name a time zone: that is the field timezone")
	case strings.HasPrefix(strings.TrimSpace(text), "@") && len(fields) < 5:
		return cronSpec{}, fmt.Errorf("must be one of @yearly, @monthly, @weekly, @daily and @hourly, or five or six fields, not %.40q", text)
	case len(fields) == cronFields-1:
		fields = append([]string{"0"}, fields...)
	case len(fields) != cronFields:
		return cronSpec{}, fmt.Errorf("must have five fields (minute hour day month weekday), or six with seconds before them, not %d", len(fields))
	}
	for i, f := range fields {
		hashed, err := hashField(f, cronFieldsOf[i], fmt.Sprintf("%s\x00%d", seed, i))
		if err != nil {
			return cronSpec{}, fmt.Errorf("has a %s that cannot be read: %w", cronFieldsOf[i].name, err)
		}
		fields[i] = hashed
	}
	return parseFields(fields)
}

// parseFields reads six fields in which nothing is hashed any more.
func parseFields(fields []string) (c cronSpec, err error) {
	var days cronDays
	if fields[fieldDay], err = days.takeDays(fields[fieldDay]); err != nil {
		return c, fmt.Errorf("has a day that cannot be read: %w", err)
	}
	if fields[fieldWeekday], err = days.takeWeekdays(fields[fieldWeekday]); err != nil {
		return c, fmt.Errorf("has a weekday that cannot be read: %w", err)
	}
	for i, f := range fields {
		if err := checkSteps(f, cronFieldsOf[i]); err != nil {
			return c, fmt.Errorf("has a %s that cannot be read: %w", cronFieldsOf[i].name, err)
		}
	}
	parsed, err := parsePlain(fields)
	if err != nil {
		return c, err
	}
	days.set(parsed.Dom, parsed.Dow)
	return cronSpec{second: parsed.Second, minute: parsed.Minute, hour: parsed.Hour, month: parsed.Month, days: days}, nil
}

// parsePlain reads fields that the library understands. It panics on some texts, which is an error here.
func parsePlain(fields []string) (parsed *cron.SpecSchedule, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("cannot be read: %v", p)
		}
	}()
	parser := cron.NewParser(cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	for i, f := range fields {
		// One at a time, so that the error can name the field.
		one := []string{"0", "0", "0", "1", "1", "0"}
		one[i] = f
		if _, err := parser.Parse(strings.Join(one, " ")); err != nil {
			return nil, fmt.Errorf("has a %s that cannot be read: %w", cronFieldsOf[i].name, err)
		}
		if strings.Trim(f, ",") == "" || strings.Contains(f, ",,") {
			return nil, fmt.Errorf("has a %s with an empty element: %.40q", cronFieldsOf[i].name, f)
		}
	}
	schedule, err := parser.Parse(strings.Join(fields, " "))
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	return schedule.(*cron.SpecSchedule), nil
}

// checkSteps refuses a step past the end of its field, which would silently be the field's first value alone.
func checkSteps(field string, of cronField) error {
	for element := range strings.SplitSeq(field, ",") {
		_, step, found := strings.Cut(element, "/")
		if !found {
			continue
		}
		if n, err := wholeText(step); err != nil || n < 1 || n > of.most-of.least {
			return fmt.Errorf("the step of %.40q must be from 1 to %d", element, of.most-of.least)
		}
	}
	return nil
}

// hashField puts numbers in the place of H, H/step, H(from-to) and H(from-to)/step.
func hashField(field string, of cronField, seed string) (string, error) {
	elements := strings.Split(field, ",")
	for i, element := range elements {
		rest, found := strings.CutPrefix(strings.ToUpper(element), "H")
		if !found {
			continue
		}
		from, to, step, err := hashRange(rest, of)
		if err != nil {
			return "", fmt.Errorf("%.40q: %w", element, err)
		}
		h := fnv.New64a()
		_, _ = h.Write([]byte(seed))
		if step == 0 {
			elements[i] = fmt.Sprint(from + int(h.Sum64()%uint64(to-from+1)))
			continue
		}
		elements[i] = fmt.Sprintf("%d-%d/%d", from+int(h.Sum64()%uint64(min(step, to-from+1))), to, step)
	}
	return strings.Join(elements, ","), nil
}

// hashRange reads what follows H. A step of 0 is none.
func hashRange(text string, of cronField) (from, to, step int, err error) {
	from, to = of.hashFrom, of.hashTo
	rangeText, stepText, stepped := strings.Cut(text, "/")
	if rangeText != "" {
		inner, opened := strings.CutPrefix(rangeText, "(")
		inner, closed := strings.CutSuffix(inner, ")")
		low, high, isRange := strings.Cut(inner, "-")
		if !opened || !closed || !isRange {
			return 0, 0, 0, fmt.Errorf("after H stands nothing, a range such as (0-29), a step such as /15, or both")
		}
		if from, err = wholeText(low); err != nil {
			return 0, 0, 0, err
		}
		if to, err = wholeText(high); err != nil {
			return 0, 0, 0, err
		}
		if from < of.least || to > of.most || from > to {
			return 0, 0, 0, fmt.Errorf("the range must lie in %d-%d", of.least, of.most)
		}
	}
	if stepped {
		if step, err = wholeText(stepText); err != nil {
			return 0, 0, 0, err
		}
		if step < 1 || step > of.most-of.least {
			return 0, 0, 0, fmt.Errorf("the step must be from 1 to %d", of.most-of.least)
		}
	}
	return from, to, step, nil
}

// wholeText reads a number of at most four digits.
func wholeText(s string) (int, error) {
	if s == "" || len(s) > 4 {
		return 0, fmt.Errorf("%.40q is not a number here", s)
	}
	n := 0
	for i := range len(s) {
		if !isDigit(rune(s[i])) {
			return 0, fmt.Errorf("%.40q is not a number here", s)
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, nil
}

// everyHour reports whether it is due in each hour of the day.
func (c cronSpec) everyHour() bool { return c.hour&allHours == allHours }

const (
	allHours   = 1<<24 - 1
	daySeconds = 24 * 60 * 60
)

// next returns the first local time that is due at from or later and before limit.
func (c cronSpec) next(from, limit int64) (int64, bool) {
	for day := floorDiv(from, daySeconds); day*daySeconds < limit; {
		year, month, dayOfMonth := civil(day)
		switch {
		case c.month>>uint(month)&1 == 0:
			day = dayNumber(year, month+1, 1)
			continue
		case c.days.fit(year, month, dayOfMonth):
			if second, ok := c.timeOfDay(int(max(0, from-day*daySeconds))); ok {
				at := day*daySeconds + int64(second)
				return at, at < limit
			}
		}
		day++
	}
	return 0, false
}

// timeOfDay returns the first second of the day that is due at from or later.
func (c cronSpec) timeOfDay(from int) (int, bool) {
	hour, minute, second := from/3600, from/60%60, from%60
	for ; hour < 24; hour, minute, second = hour+1, 0, 0 {
		if c.hour>>uint(hour)&1 == 0 {
			continue
		}
		for minute = nextBit(c.minute, minute); minute < 60; minute, second = nextBit(c.minute, minute+1), 0 {
			// From a later minute than that of from, the count of seconds begins anew.
			if hour*3600+minute*60 > from {
				second = 0
			}
			if second = nextBit(c.second, second); second < 60 {
				return hour*3600 + minute*60 + second, true
			}
		}
	}
	return 0, false
}

// nextBit returns the position of the first bit that is set at from or later, or 64.
func nextBit(set uint64, from int) int { return bits.TrailingZeros64(set >> uint(from) << uint(from)) }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// civil returns the date of a day since 1970.
func civil(day int64) (year int, month time.Month, dayOfMonth int) {
	return time.Unix(day*daySeconds, 0).UTC().Date()
}

// dayNumber returns the days from 1970 to a date.
func dayNumber(year int, month time.Month, dayOfMonth int) int64 {
	return floorDiv(time.Date(year, month, dayOfMonth, 0, 0, 0, 0, time.UTC).Unix(), daySeconds)
}
