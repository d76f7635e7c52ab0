package store_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/store/storetest"
	"github.com/segno-jobs/segno/task"
)

func TestALostDatabaseIsUnavailableAndComesBack(t *testing.T) {
	address := storetest.PostgreSQL(t)
	ctx := context.Background()
	db := open(t, address, store.Options{})
	before := insert(t, db)
	for range 3 {
		cutConnections(t, address)
		// Each of the pool's connections may be one that is dead.
		for attempt := 0; ; attempt++ {
			_, _, err := db.InsertRun(ctx, newRun(), "")
			if err == nil {
				break
			}
			if !errors.Is(err, fault.Unavailable) || attempt == 50 {
				t.Fatalf("attempt %d: got error %v, want the store to be unavailable for a short while", attempt, err)
			}
		}
		wantState(t, db, before.ID, task.Queued)
	}
}

// cutConnections ends every session of the database, as a restart of the server does.
func cutConnections(t *testing.T, address string) {
	t.Helper()
	u, err := url.Parse(address)
	check(t, err)
	name := strings.TrimPrefix(u.Path, "/")
	check(t, storetest.Administer(os.Getenv("TEST_POSTGRES_URL"),
		`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '`+name+`'`))
}

func TestConductorsThatStartTogetherMigrateOnce(t *testing.T) {
	address := storetest.PostgreSQL(t)
	check(t, storetest.Administer(address, `DROP SCHEMA public CASCADE`))
	check(t, storetest.Administer(address, `CREATE SCHEMA public`))
	errs := make([]error, 4)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			db, err := store.Open(context.Background(), address, store.Options{})
			if err == nil {
				err = db.Close()
			}
			errs[i] = err
		})
	}
	all.Wait()
	checkAll(t, errs)
}
