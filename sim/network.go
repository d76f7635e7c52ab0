package sim

import (
	"errors"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

// link is one direction between two hosts.
type link struct {
	w *World
	// cut links pass nothing.
	cut bool
	// loss and double are how likely a message is lost or comes twice; slow is how likely it is late, by up to most.
	loss, double, slow float64
	most               time.Duration
}

func newLink(w *World) *link {
	return &link{w: w, most: 200 * time.Millisecond}
}

// worsen gives the link a bad quality, heal a good one.
func (l *link) worsen() {
	r := l.w.rnd
	l.loss, l.double, l.slow = r.Float64()*0.3, r.Float64()*0.2, r.Float64()
	l.most = r.wide(time.Second, 40*time.Second)
}

func (l *link) heal() { *l = *newLink(l.w) }

func (l *link) delay() time.Duration {
	r := l.w.rnd
	if r.in(l.slow) {
		l.w.cover("message delayed")
		return r.between(0, l.most)
	}
	return r.between(200*time.Microsecond, 5*time.Millisecond)
}

// send carries a message. It reports whether it is on its way; the sender does not know.
func (l *link) send(name string, arrive func()) bool {
	r := l.w.rnd
	if l.cut || r.in(l.loss) {
		l.w.cover("message lost")
		return false
	}
	l.w.after(l.delay(), name, arrive)
	if r.in(l.double) {
		l.w.cover("message doubled")
		l.w.after(l.delay()+l.delay(), name+" again", arrive)
	}
	return true
}

// errNoAnswer says that the server went down before it could answer.
var errNoAnswer = errors.New("the server went down")

// call is a request of a process to a server process over two links. serve is run by the server, perhaps twice; done by
// the caller, exactly once unless it dies: with the answer, or with fault.Unavailable when there was none in time.
func call[T any](from, to *process, out, back *link, limit time.Duration, name string, serve func() (T, error), done func(T, error)) {
	w, life := from.w, from.life
	over := false
	finish := func(answer T, err error) {
		from.run(life, name+" answered", func() {
			if over {
				w.cover("answer after the caller gave up, or twice")
				return
			}
			over = true
			done(answer, err)
		})
	}
	var none T
	out.send(name, func() {
		if !to.up {
			back.send(name+" refused", func() { finish(none, fmt.Errorf("%s: connection refused: %w", name, fault.Unavailable)) })
			return
		}
		to.run(to.life, name, func() {
			answer, err := serve()
			if errors.Is(err, errNoAnswer) {
				return
			}
			back.send(name+" answer", func() { finish(answer, err) })
		})
	})
	from.after(limit, name+" timeout", func() {
		if !over {
			over = true
			w.cover("call timed out")
			done(none, fmt.Errorf("%s: no answer: %w", name, fault.Unavailable))
		}
	})
}
