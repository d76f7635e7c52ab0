package conductor_test

import (
	"os"
	"testing"

	"github.com/segno-jobs/segno/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Run(m)) }
