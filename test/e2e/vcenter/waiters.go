package main

import (
	"log"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// taskTime is added to every wait for a task: in a vCenter tasks take time, so that two waits meet.
const taskTime = 200 * time.Millisecond

// waiters lets one operation of a session wait for a task at a time. The vSphere plugin waits with the one property
// collector of its session (govmomi's Task.WaitEx, "not thread safe"): of two waiters one takes the other's news, which
// then waits for ever. Here the second is refused instead, so that a test tells it at once, whichever plugin it runs.
type waiters struct {
	mutex   sync.Mutex
	waiting map[string]bool
}

// handle sees every call. Whoever waits makes a filter first and takes it, or its collector, away at the end.
func (w *waiters) handle(ctx *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	if ctx.Session == nil {
		return nil, nil
	}
	switch method.Name {
	case "CreateFilter":
		if !w.begin(ctx.Session.Key) {
			log.Printf("two operations of one session wait for tasks at the same time")
			return nil, new(types.ConcurrentAccess)
		}
		time.Sleep(taskTime)
	case "DestroyPropertyFilter", "DestroyPropertyCollector":
		w.end(ctx.Session.Key)
	}
	return nil, nil
}

func (w *waiters) begin(session string) bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.waiting[session] {
		return false
	}
	w.waiting[session] = true
	return true
}

func (w *waiters) end(session string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	delete(w.waiting, session)
}
