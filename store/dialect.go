package store

import "github.com/jmoiron/sqlx"

// dialect is the database's way of SQL. Statements are written with ? for their arguments and run on both; where the
// two differ, the difference is a method here, or stands with the statement.
type dialect int

const (
	sqlite dialect = iota
	postgres
)

func (d dialect) String() string {
	if d == postgres {
		return "postgres"
	}
	return "sqlite"
}

// begin starts a transaction that may write. IMMEDIATE takes SQLite's write lock at once, since a snapshot that has
// read cannot be made a writing one later.
func (d dialect) begin() string {
	if d == postgres {
		return "BEGIN"
	}
	return "BEGIN IMMEDIATE"
}

// locked is added to a SELECT whose rows the transaction goes on to change. SQLite has one writer and needs none.
func (d dialect) locked() string {
	if d == postgres {
		return " FOR UPDATE"
	}
	return ""
}

// shared is added to a SELECT of a row that must not go before the commit, and that others may read so as well.
func (d dialect) shared() string {
	if d == postgres {
		return " FOR KEY SHARE"
	}
	return ""
}

// by names the index that a table is to be read with. SQLite, which keeps no statistics by itself, would take another
// one and sort; PostgreSQL has statistics and no such words.
func (d dialect) by(index string) string {
	if d == sqlite {
		return " INDEXED BY " + index
	}
	return ""
}

// paused is true of triggers that are paused by themselves; it is the condition of an index.
func (d dialect) paused() string {
	if d == sqlite {
		return `json_extract(t.spec, '$.paused') = 1`
	}
	return `t.spec::jsonb ->> 'paused' = 'true'`
}

// bind returns the query with the dialect's own argument marks.
func (d dialect) bind(query string) string {
	if d == sqlite {
		return query
	}
	return sqlx.Rebind(sqlx.DOLLAR, query)
}
