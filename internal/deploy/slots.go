package deploy

import "context"

// slots let so many services roll out at a time; nil: as many as there are.
type slots chan struct{}

func newSlots(most int) slots {
	if most == 0 {
		return nil
	}
	return make(slots, most)
}

// take takes a slot as soon as one is free. It tells false if nothing more is to be begun.
func (s slots) take(ctx, halted context.Context) bool {
	if s == nil {
		return true
	}
	select {
	case <-ctx.Done():
		return false
	case <-halted.Done():
		return false
	case s <- struct{}{}:
		return true
	}
}

// free gives a slot back.
func (s slots) free() {
	select {
	case <-s:
	default: // there is no end of them, or it was given back already
	}
}
