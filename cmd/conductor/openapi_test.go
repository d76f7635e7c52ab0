package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestTheDescriptionIsPrintedWithoutAConductor(t *testing.T) {
	var out bytes.Buffer
	cmd := newCommand()
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"openapi"})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"openapi: 3.1.0", "/virtual-servers/{name}/members/{server}:"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in the description", want)
		}
	}
}
