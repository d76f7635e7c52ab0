package task

import (
	"errors"
	"fmt"
	"strings"
)

const (
	opening = "${{"
	closing = "}}"
)

// Substitute returns text with each
//
//	${{ name }}
//
// replaced by what lookup returns for the name, which has no spaces around it; $${{ stands for a plain ${{. A value is put
// in as it is and is not looked at again. All names are looked up, and the errors of lookup are joined. An opening without
// its end is an error as well; it reads as the end of the sentence "<field> …", as those of lookup should.
func Substitute(text string, lookup func(name string) (string, error)) (string, error) {
	var out strings.Builder
	var errs []error
	for {
		at := strings.Index(text, opening)
		if at < 0 {
			out.WriteString(text)
			break
		}
		if at > 0 && text[at-1] == '$' {
			out.WriteString(text[:at-1] + opening)
			text = text[at+len(opening):]
			continue
		}
		inner, rest, closed := strings.Cut(text[at+len(opening):], closing)
		if !closed {
			errs = append(errs, errors.New(`has "${{" without "}}"; write "$${{" for a plain "${{"`))
			break
		}
		value, err := lookup(strings.TrimSpace(inner))
		if err != nil {
			errs = append(errs, err)
		}
		out.WriteString(text[:at])
		out.WriteString(value)
		text = rest
		if out.Len() > MaxTexts {
			errs = append(errs, fmt.Errorf("would be more than %d bytes once it is filled in", MaxTexts))
			break
		}
	}
	if len(errs) > 0 {
		return "", errors.Join(errs...)
	}
	return out.String(), nil
}
