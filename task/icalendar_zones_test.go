package task

import "testing"

func TestEachZoneOfWindowsIsOneOfIANA(t *testing.T) {
	for windows, iana := range windowsZones {
		if _, err := Zone(iana); err != nil {
			t.Errorf("%s stands for %s: %v", windows, iana, err)
		}
	}
}
