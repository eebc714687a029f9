/** gRPC over unix sockets. */
package io.imageharbour.snapshotter.grpc;
