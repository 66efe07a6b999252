package main

import "context"

// untilStopped runs a part that ends as soon as a stop is asked for, or another part fails: the others
// serve until the doors are closed. Of the feed that is the loop, because polls that it holds would keep
// a door open.
func untilStopped(ctx, parts context.Context, run func(context.Context) error) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	defer context.AfterFunc(parts, end)()
	return run(ctx)
}
