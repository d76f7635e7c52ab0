package protocol

import (
	"context"

	"connectrpc.com/connect"
)

// HandlerOptions are the options with which a conductor must serve the contract: sizes are limited, answers are not
// compressed, errors of package fault get their code, and streams tell proxies not to hold them back.
func HandlerOptions() []connect.HandlerOption {
	return []connect.HandlerOption{
		connect.WithReadMaxBytes(MaxMessage),
		connect.WithSendMaxBytes(MaxMessage),
		connect.WithCompression("gzip", nil, nil),
		connect.WithInterceptors(serving{}),
	}
}

type serving struct{}

func (serving) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		res, err := next(ctx, req)
		return res, ErrorToConnect(err)
	}
}

func (serving) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		conn.ResponseHeader().Set("X-Accel-Buffering", "no")
		return ErrorToConnect(next(ctx, conn))
	}
}

func (serving) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}
