package policy_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/policy"
)

// ladder builds a policy from pairs of a duration and a kind.
func ladder(steps ...policy.Step) policy.Policy { return policy.Policy{Steps: steps} }

func step(after time.Duration, do policy.Kind) policy.Step { return policy.Step{After: after, Do: do} }

// issued is the ladder that the manual shows.
var issued = ladder(step(2*time.Minute, policy.Wait), step(10*time.Minute, policy.Recover), step(time.Hour, policy.Reset))

func TestAPolicyIsAWordOrALadderInJSON(t *testing.T) {
	for text, want := range map[string]policy.Policy{
		`"wait"`:    policy.Word(policy.Wait),
		`"reset"`:   policy.Word(policy.Reset),
		`"restart"`: policy.Word(policy.Restart),
		`"recover"`: policy.Word(policy.Recover),
		`[{"after":"2m","do":"wait"},{"after":"10m","do":"recover"},{"after":"1h","do":"reset"}]`: issued,
		`[{"after":"1m30s","do":"restart"}]`:                                                      ladder(step(90*time.Second, policy.Restart)),
	} {
		var got policy.Policy
		if err := json.Unmarshal([]byte(text), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v, want %+v", text, got, err, want)
		}
		if back, err := json.Marshal(want); err != nil || string(back) != text {
			t.Errorf("%+v: got %s, %v, want %s", want, back, err, text)
		}
	}
}

func TestAPolicyOfOneStepWithoutATimeIsItsWord(t *testing.T) {
	for _, text := range []string{`[{"do":"recover"}]`, `[{"after":"0s","do":"recover"}]`, ` "recover" `} {
		var got policy.Policy
		if err := json.Unmarshal([]byte(text), &got); err != nil || !reflect.DeepEqual(got, policy.Word(policy.Recover)) {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
	if text, err := json.Marshal(policy.Policy{}); err != nil || string(text) != `"wait"` {
		t.Errorf("the zero policy: got %s, %v, want wait", text, err)
	}
	kept := policy.Word(policy.Reset)
	if err := json.Unmarshal([]byte("null"), &kept); err != nil || kept.Kind() != policy.Reset {
		t.Errorf("null: got %+v, %v, want it left alone", kept, err)
	}
}

func TestJSONThatIsNoPolicyIsRefused(t *testing.T) {
	for text, says := range map[string]string{
		`5`: "a policy is wait", `{}`: "a policy is wait", `true`: "a policy is wait", `[]`: "the list is empty", `["wait"]`: "a policy is wait",
		`[{"after":"2m","do":"wait","to":"x"}]`: "[0].to is not known here", `[{"after":120,"do":"wait"}]`: `[0].after must be a duration such as "90s" or "2m", not 120`,
		`[{"after":"2","do":"wait"}]`: `not "2"`, `[{"do":3},{"after":"2m"}]`: "[0].do must be a string", `[{"do":"wait"},{"after":"soon","do":"reset"}]`: `[1].after must be a duration such as "90s" or "2m", not "soon"`,
	} {
		var got policy.Policy
		if err := json.Unmarshal([]byte(text), &got); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want %q", text, err, says)
		}
	}
}

func TestSoundPoliciesAreAccepted(t *testing.T) {
	sound := []policy.Policy{
		{}, issued,
		ladder(step(5*time.Second, policy.Recover)), ladder(step(policy.MaxAfter, policy.Reset)), ladder(step(time.Minute, policy.Wait)),
		ladder(step(time.Minute, policy.Wait), step(time.Hour, policy.Wait)),
		ladder(step(5*time.Second, policy.Restart), step(6*time.Second, policy.Reset)),
	}
	for _, k := range policy.Kinds() {
		sound = append(sound, policy.Word(k))
	}
	for _, p := range sound {
		if err := p.Validate("on_unavailable"); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
}

func TestAPolicyIsRefusedWithTheFieldThatIsWrong(t *testing.T) {
	many := make([]policy.Step, policy.MaxSteps+1)
	for _, c := range []struct {
		policy policy.Policy
		field  string
		says   string
	}{
		{policy.Word("Wait"), "on_unavailable", "must be one of wait, reset, restart, recover"},
		{policy.Policy{Steps: many}, "on_unavailable", "at most 8 steps, not 9"},
		{ladder(step(time.Minute, "pray")), "on_unavailable[0].do", `not "pray"`},
		{ladder(step(4999*time.Millisecond, policy.Reset)), "on_unavailable[0].after", "from 5s to 720h, not 4.999s"},
		{ladder(step(-time.Second, policy.Wait)), "on_unavailable[0].after", "from 5s"},
		{ladder(step(policy.MaxAfter+1, policy.Wait)), "on_unavailable[0].after", "to 720h"},
		{ladder(step(0, policy.Wait), step(time.Minute, policy.Recover)), "on_unavailable[0].after", "not 0s"},
		{ladder(step(time.Minute, policy.Wait), step(time.Minute, policy.Recover)), "on_unavailable[1].after", "above that of the step before it, 1m, not 1m"},
		{ladder(step(time.Minute, policy.Wait), step(30*time.Second, policy.Recover)), "on_unavailable[1].after", "1m, not 30s"},
		{ladder(step(time.Minute, policy.Reset), step(time.Hour, policy.Recover)), "on_unavailable[1]", "must not follow a reset"},
		{ladder(step(time.Minute, policy.Reset), step(time.Hour, policy.Reset)), "on_unavailable[1]", "must not follow a reset"},
		{ladder(step(time.Minute, policy.Restart), step(time.Hour, policy.Recover)), "on_unavailable[1].do", "after a restart nothing else can follow"},
		{ladder(step(time.Minute, policy.Recover), step(time.Hour, policy.Wait)), "on_unavailable[1].do", "after a recover"},
		{ladder(step(time.Minute, policy.Recover), step(time.Hour, policy.Reset), step(2*time.Hour, policy.Reset)), "on_unavailable[2]", "must not follow a reset"},
	} {
		err := c.policy.Validate("on_unavailable")
		fields := fault.Fields(err)
		if !errors.Is(err, fault.Invalid) || len(fields) != 1 || fields[0].Field != c.field || !strings.Contains(fields[0].Reason, c.says) {
			t.Errorf("%s: got %v, want %s … %s", c.policy, err, c.field, c.says)
		}
	}
}

func TestTheLeaseEndsWhereTheLadderFirstActs(t *testing.T) {
	const patience = 2 * time.Minute
	for _, c := range []struct {
		policy policy.Policy
		want   time.Duration
		leased bool
	}{
		{policy.Policy{}, 0, false},
		{policy.Word(policy.Wait), 0, false},
		{ladder(step(time.Minute, policy.Wait)), 0, false},
		{policy.Word(policy.Reset), patience, true},
		{policy.Word(policy.Restart), patience, true},
		{policy.Word(policy.Recover), patience, true},
		{ladder(step(5*time.Second, policy.Recover)), 5 * time.Second, true},
		{issued, 10 * time.Minute, true},
	} {
		if got, leased := c.policy.Lease(patience); got != c.want || leased != c.leased {
			t.Errorf("%s: got %s, %v, want %s, %v", c.policy, got, leased, c.want, c.leased)
		}
	}
}

func TestOnlyAResetBehindAnotherStepGivesUp(t *testing.T) {
	if after, ok := issued.GiveUp(); after != time.Hour || !ok {
		t.Errorf("got %s, %v, want 1h", after, ok)
	}
	for _, p := range []policy.Policy{{}, policy.Word(policy.Reset), policy.Word(policy.Recover), ladder(step(time.Minute, policy.Wait), step(time.Hour, policy.Reset))} {
		if after, ok := p.GiveUp(); ok {
			t.Errorf("%s: got %s", p, after)
		}
	}
}

func TestAPolicyReadsAsASentence(t *testing.T) {
	if got, want := issued.String(), "wait after 2m, then recover after 10m, then reset after 1h"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (policy.Policy{}).String(); got != "wait" {
		t.Errorf("got %q, want wait", got)
	}
	if got, want := ladder(step(90*time.Minute+time.Second, policy.Reset)).String(), "reset after 1h30m1s"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzPolicyJSON(f *testing.F) {
	for _, seed := range []string{`"wait"`, `[{"after":"2m","do":"wait"},{"after":"10m","do":"recover"}]`, `[{}]`, `null`, `[{"after":"-1h","do":""}]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var p policy.Policy
		if json.Unmarshal(data, &p) != nil {
			return
		}
		_ = p.Validate("on_unavailable")
		text, err := json.Marshal(p)
		var back policy.Policy
		if err != nil || json.Unmarshal(text, &back) != nil || back.String() != p.String() {
			t.Errorf("%q became %s, then %s: %v", data, text, back, err)
		}
	})
}
