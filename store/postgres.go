package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"

	"github.com/segno-jobs/segno/internal/fault"
)

const (
	// postgresConns is the most connections of one conductor; postgresWriters of them may write at the same time.
	postgresConns   = 20
	postgresWriters = 8
)

// openPostgres opens the pool and sees that the server answers. Settings that the address itself makes are left alone.
func openPostgres(ctx context.Context, address string) (*sqlx.DB, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		// The parser's message could repeat the password.
		return nil, fault.Field("database", "is not a usable postgres:// address")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	for name, value := range map[string]string{
		"application_name": "segno",
		// A conductor that is frozen inside a transaction must not hold its locks for longer than this.
		"idle_in_transaction_session_timeout": "10s",
		"lock_timeout":                        "20s",
	} {
		if _, set := config.RuntimeParams[name]; !set {
			config.RuntimeParams[name] = value
		}
	}
	db := sqlx.NewDb(stdlib.OpenDB(*config), "pgx")
	db.SetMaxOpenConns(postgresConns)
	db.SetMaxIdleConns(postgresConns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("connect: %w", err)
	}
	return db, nil
}
