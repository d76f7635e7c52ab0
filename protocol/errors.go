package protocol

import (
	"context"
	"errors"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/protocol/segnov1"
)

// kinds pairs the kinds of error with their codes. The first of a kind is sent; the first of a code is read.
var kinds = []struct {
	kind error
	code connect.Code
}{
	{fault.Invalid, connect.CodeInvalidArgument},
	{fault.Malformed, connect.CodeInvalidArgument},
	{fault.NotFound, connect.CodeNotFound},
	{fault.Conflict, connect.CodeAlreadyExists},
	{fault.Fenced, connect.CodeAborted},
	{fault.Unauthorized, connect.CodeUnauthenticated},
	{fault.Forbidden, connect.CodePermissionDenied},
	{fault.TooLarge, connect.CodeResourceExhausted},
	{fault.Unavailable, connect.CodeUnavailable},
	{context.Canceled, connect.CodeCanceled},
	{context.DeadlineExceeded, connect.CodeDeadlineExceeded},
}

// ErrorToConnect returns err with the code of its kind, or nil for nil. An error of no kind becomes internal and says
// nothing more: the caller logs what it was.
func ErrorToConnect(err error) error {
	var already *connect.Error
	if err == nil || errors.As(err, &already) {
		return err
	}
	for _, k := range kinds {
		if errors.Is(err, k.kind) {
			return connect.NewError(k.code, err)
		}
	}
	return connect.NewError(connect.CodeInternal, errors.New("internal error"))
}

// ErrorFromConnect returns an error of the kind that the code stands for, or nil for nil. errors.Is and errors.As still
// find the *connect.Error below it, so that codes without a kind, such as unimplemented, can be asked for with
// connect.CodeOf. Every unary call of [Client] and its stream return such errors.
func ErrorFromConnect(err error) error {
	var ce *connect.Error
	if err == nil || !errors.As(err, &ce) {
		return err
	}
	for _, k := range kinds {
		if ce.Code() == k.code {
			return &remoteError{kind: k.kind, cause: ce}
		}
	}
	return err
}

// remoteError is an error that the other side, or the way there, gave.
type remoteError struct {
	kind  error
	cause *connect.Error
}

func (e *remoteError) Error() string {
	if e.cause.Message() == "" {
		return e.kind.Error()
	}
	return e.cause.Message()
}

func (e *remoteError) Unwrap() []error { return []error{e.kind, e.cause} }

// VerdictOf returns the verdict on a claim that a store answered with err: CLAIMED for none, FENCED for what can never
// be claimed. For another error, such as a full disk, it returns that error: the whole call must fail, to be repeated.
func VerdictOf(err error) (segnov1.Verdict, error) {
	switch {
	case err == nil:
		return segnov1.Verdict_VERDICT_CLAIMED, nil
	case errors.Is(err, fault.Fenced), errors.Is(err, fault.NotFound), errors.Is(err, fault.Conflict),
		errors.Is(err, fault.Invalid):
		return segnov1.Verdict_VERDICT_FENCED, nil
	}
	return segnov1.Verdict_VERDICT_UNSPECIFIED, err
}
