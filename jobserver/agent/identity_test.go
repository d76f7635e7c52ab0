package agent

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
)

func joinOptions(data string, urls ...string) JoinOptions {
	return JoinOptions{Data: data, Token: "token", Conductors: urls, Server: jobserver.Server{Name: "js-1", Slots: 4, Labels: map[string]string{"zone": "a"}}}
}

func TestJoiningWritesAnIdentityForItsOwnerAlone(t *testing.T) {
	c := newFakeConductor()
	url, _ := c.serve(t)
	data := filepath.Join(t.TempDir(), "deep", "data")
	id, err := Join(t.Context(), joinOptions(data, url))
	if err != nil {
		t.Fatal(err)
	}
	want := Identity{Name: "js-1", Credential: "secret", Conductors: []string{url}, Slots: 4}
	loaded, err := LoadIdentity(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, id) + cmp.Diff(want, loaded); diff != "" {
		t.Errorf("identity (-want +got)\n%s", diff)
	}
	info, err := os.Stat(filepath.Join(data, identityFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v, want 0600", info.Mode(), err)
	}
	if names, _ := filepath.Glob(filepath.Join(data, "*")); len(names) != 1 {
		t.Errorf("got %v in the folder, want the identity alone", names)
	}
}

func TestAFolderWithAnIdentityIsNotJoinedAgain(t *testing.T) {
	c := newFakeConductor()
	url, _ := c.serve(t)
	data := t.TempDir()
	o := joinOptions(data, url)
	if _, err := Join(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	o.Server.Name = "js-2"
	c.credential = "other"
	_, err := Join(t.Context(), o)
	if !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "js-1") || !strings.Contains(err.Error(), "--force") {
		t.Errorf("got %v, want a conflict that names the server and the flag", err)
	}
	if id, _ := LoadIdentity(data); id.Name != "js-1" {
		t.Errorf("got %v, want the identity untouched", id)
	}
	o.Force = true
	if _, err := Join(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if id, _ := LoadIdentity(data); id.Name != "js-2" || id.Credential != "other" {
		t.Errorf("got %v, want it replaced", id)
	}
}

func TestARefusedTokenLeavesNoIdentity(t *testing.T) {
	c := newFakeConductor()
	url, _ := c.serve(t)
	o := joinOptions(t.TempDir(), url)
	o.Token = "wrong"
	if _, err := Join(t.Context(), o); !errors.Is(err, fault.Forbidden) {
		t.Errorf("got %v, want forbidden", err)
	}
	if _, err := LoadIdentity(o.Data); !errors.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "jobserver join") {
		t.Errorf("got %v, want not found with what to do", err)
	}
}

func TestJoiningGoesOnToTheNextConductor(t *testing.T) {
	c := newFakeConductor()
	gone, stop := newFakeConductor().serve(t)
	stop()
	url, _ := c.serve(t)
	id, err := Join(t.Context(), joinOptions(t.TempDir(), gone, url))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{gone, url}, id.Conductors); diff != "" {
		t.Errorf("conductors (-want +got)\n%s", diff)
	}
}

func TestBadValuesAreRefusedBeforeAnyCall(t *testing.T) {
	c := newFakeConductor()
	c.refuse = func(call string) error { t.Errorf("the conductor was called: %s", call); return nil }
	url, _ := c.serve(t)
	for field, spoil := range map[string]func(*JoinOptions){
		"token":     func(o *JoinOptions) { o.Token = "" },
		"conductor": func(o *JoinOptions) { o.Conductors = nil },
		"name":      func(o *JoinOptions) { o.Server.Name = "js/1" },
		"slots":     func(o *JoinOptions) { o.Server.Slots = -1 },
		"power":     func(o *JoinOptions) { o.Server.Power = 1e9 },
		"kind":      func(o *JoinOptions) { o.Server.Kind = "cloud" },
	} {
		o := joinOptions(t.TempDir(), url)
		spoil(&o)
		_, err := Join(t.Context(), o)
		if fields := fault.Fields(err); len(fields) != 1 || fields[0].Field != field {
			t.Errorf("%s: got %v, want that field refused", field, err)
		}
	}
}

func TestAFolderThatCannotBeWrittenToUsesNoTokenUp(t *testing.T) {
	c := newFakeConductor()
	c.refuse = func(call string) error { t.Errorf("the conductor was called: %s", call); return nil }
	url, _ := c.serve(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Join(t.Context(), joinOptions(filepath.Join(file, "data"), url)); err == nil {
		t.Error("got no error for a folder below a file")
	}
}

func TestABrokenIdentityIsRefusedWithItsPath(t *testing.T) {
	for name, text := range map[string]string{"no JSON": "{", "no credential": `{"name":"a","conductors":["http://h"]}`} {
		data := t.TempDir()
		path := filepath.Join(data, identityFile)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadIdentity(data); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want an error with the path", name, err)
		}
	}
}
