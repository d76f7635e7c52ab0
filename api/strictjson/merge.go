package strictjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
)

// CheckPatch returns nil if the JSON merge patch (RFC 7396) fits documents of the type T: it is an object whose keys T
// knows, with values of the right types, or null for keys to be removed.
func CheckPatch[T any](patch []byte) error {
	n, err := parse(patch)
	if err != nil {
		return err
	}
	if n.kind != object {
		return &malformed{detail: "a merge patch must be an object, not " + n.kind.String()}
	}
	d := decoder{patch: true}
	d.assign("", n, reflect.New(reflect.TypeFor[T]()).Elem())
	return d.err()
}

// Merge returns the document that the merge patch, which [CheckPatch] has passed, makes of doc. Where the patch removes a
// key, or doc lacks it, the value is that of defaults.
func Merge[T any](doc, defaults T, patch []byte) (T, error) {
	out := defaults
	before, err := json.Marshal(doc)
	if err != nil {
		return out, fmt.Errorf("write the document: %w", err)
	}
	after, err := wire.Merge(before, patch)
	if err != nil {
		return out, fmt.Errorf("merge the patch: %w", err)
	}
	if err := Decode(after, &out); err != nil {
		return out, asInvalid(err)
	}
	return out, nil
}

// asInvalid keeps a document that a patch broke from being called malformed: the patch itself was read well.
func asInvalid(err error) error {
	fields := fault.Fields(err)
	if !errors.Is(err, fault.Malformed) || len(fields) == 0 {
		return err
	}
	errs := make([]error, len(fields))
	for i := range fields {
		errs[i] = &fields[i]
	}
	return errors.Join(errs...)
}
