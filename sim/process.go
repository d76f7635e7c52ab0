package sim

import "time"

// process is a program that can be paused and killed. What it was about to do when it is killed never happens; what it
// was about to do while it is paused happens once it goes on.
type process struct {
	w    *World
	name string
	// clock is that of its host.
	clock *clock
	up    bool
	// paused counts who holds it: itself, its host.
	paused  int
	life    int
	backlog []func()
}

func (p *process) start() { p.up, p.paused, p.backlog = true, 0, nil; p.life++ }

func (p *process) kill() { p.up, p.paused, p.backlog = false, 0, nil; p.life++ }

// after has the process do something once d has passed on its clock.
func (p *process) after(d time.Duration, name string, do func()) {
	life := p.life
	p.w.after(p.clock.real(d), p.name+" "+name, func() { p.run(life, name, do) })
}

// every has the process do something again and again, a tenth earlier or later each time.
func (p *process) every(period time.Duration, name string, do func()) {
	life := p.life
	var again func()
	again = func() {
		if do(); p.life != life {
			return // it died of what it did
		}
		p.after(time.Duration(float64(period)*(0.95+0.1*p.w.rnd.Float64())), name, again)
	}
	p.after(p.w.rnd.between(0, period), name, again)
}

// run does something as that life of the process, now or when it goes on.
func (p *process) run(life int, name string, do func()) {
	switch {
	case !p.up || p.life != life:
	case p.paused > 0:
		p.backlog = append(p.backlog, func() { p.run(life, name, do) })
	default:
		p.w.trace(p.name, name)
		do()
	}
}

func (p *process) pause() { p.paused++ }

func (p *process) resume() {
	if p.paused--; p.paused > 0 {
		return
	}
	p.paused = 0
	waiting := p.backlog
	p.backlog = nil
	for _, do := range waiting {
		do()
	}
}
