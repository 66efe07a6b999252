package main

// Every connection without a request is in two queues: that of all, and that of its address.
const (
	ofAll = iota
	ofPeer
	queues
)

// queue is the connections that wait, who has waited longest first. The links are in the connections:
// each request takes its connection out and puts it back, and none of that may allocate.
type queue struct {
	of          int
	first, last *connection
}

func (q *queue) push(c *connection) {
	c.before[q.of], c.behind[q.of] = q.last, nil
	if q.last == nil {
		q.first = c
	} else {
		q.last.behind[q.of] = c
	}
	q.last = c
}

func (q *queue) remove(c *connection) {
	before, behind := c.before[q.of], c.behind[q.of]
	c.before[q.of], c.behind[q.of] = nil, nil
	if before == nil {
		q.first = behind
	} else {
		before.behind[q.of] = behind
	}
	if behind == nil {
		q.last = before
	} else {
		behind.before[q.of] = before
	}
}
