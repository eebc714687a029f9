// Runs containerd's own snapshotter suite against the daemon that listens on HARBOUR_SOCKET.
package suite

import (
	"context"
	"os"
	"strings"
	"testing"

	snapshotsapi "github.com/containerd/containerd/api/services/snapshots/v1"
	"github.com/containerd/containerd/mount"
	"github.com/containerd/containerd/snapshots"
	"github.com/containerd/containerd/snapshots/proxy"
	"github.com/containerd/containerd/snapshots/testsuite"
	"google.golang.org/grpc"
)

func TestSuite(t *testing.T) {
	connection, err := grpc.Dial("unix://"+os.Getenv("HARBOUR_SOCKET"), grpc.WithInsecure())
	if err != nil {
		t.Fatal(err)
	}
	// the subtests share one daemon: they use names of their own and do not look at the root
	remote := client{
		proxy.NewSnapshotter(snapshotsapi.NewSnapshotsClient(connection), "harbour"),
		os.Getenv("HARBOUR_CLIENT") + "-",
	}
	// under this name containerd 1.7 leaves out what overlayfs can't do for its own snapshotter either: renaming
	// a directory of a lower layer
	testsuite.SnapshotterSuite(t, "overlayfs",
		func(ctx context.Context, root string) (snapshots.Snapshotter, func() error, error) {
			return remote, nil, nil
		})
}

// client keeps the names of one run of the suite apart from those of others at the same daemon, as containerd does for its
// namespaces: it puts a prefix before them.
type client struct {
	snapshots.Snapshotter
	prefix string
}

func (c client) outer(name string) string {
	if name == "" {
		return ""
	}
	return c.prefix + name
}

func (c client) inner(info snapshots.Info) snapshots.Info {
	info.Name = strings.TrimPrefix(info.Name, c.prefix)
	info.Parent = strings.TrimPrefix(info.Parent, c.prefix)
	return info
}

func (c client) Stat(ctx context.Context, key string) (snapshots.Info, error) {
	info, err := c.Snapshotter.Stat(ctx, c.outer(key))
	return c.inner(info), err
}

func (c client) Update(ctx context.Context, info snapshots.Info, fields ...string) (snapshots.Info, error) {
	info.Name = c.outer(info.Name)
	info.Parent = c.outer(info.Parent)
	info, err := c.Snapshotter.Update(ctx, info, fields...)
	return c.inner(info), err
}

func (c client) Usage(ctx context.Context, key string) (snapshots.Usage, error) {
	return c.Snapshotter.Usage(ctx, c.outer(key))
}

func (c client) Mounts(ctx context.Context, key string) ([]mount.Mount, error) {
	return c.Snapshotter.Mounts(ctx, c.outer(key))
}

func (c client) Prepare(ctx context.Context, key, parent string, opts ...snapshots.Opt) ([]mount.Mount, error) {
	return c.Snapshotter.Prepare(ctx, c.outer(key), c.outer(parent), opts...)
}

func (c client) View(ctx context.Context, key, parent string, opts ...snapshots.Opt) ([]mount.Mount, error) {
	return c.Snapshotter.View(ctx, c.outer(key), c.outer(parent), opts...)
}

func (c client) Commit(ctx context.Context, name, key string, opts ...snapshots.Opt) error {
	return c.Snapshotter.Commit(ctx, c.outer(name), c.outer(key), opts...)
}

func (c client) Remove(ctx context.Context, key string) error {
	return c.Snapshotter.Remove(ctx, c.outer(key))
}

func (c client) Walk(ctx context.Context, fn snapshots.WalkFunc, filters ...string) error {
	outer := strings.NewReplacer("name==", "name=="+c.prefix, "parent==", "parent=="+c.prefix)
	for i, filter := range filters {
		filters[i] = outer.Replace(filter)
	}
	return c.Snapshotter.Walk(ctx, func(ctx context.Context, info snapshots.Info) error {
		if !strings.HasPrefix(info.Name, c.prefix) {
			return nil
		}
		return fn(ctx, c.inner(info))
	}, filters...)
}
