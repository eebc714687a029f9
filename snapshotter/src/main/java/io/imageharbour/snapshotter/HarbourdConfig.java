package io.imageharbour.snapshotter;

import io.imageharbour.snapshotter.probe.TreeChoice;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The configuration of harbourd: a TOML file, read once at start, and a few options of the command
 * line that replace what it says. Every key has a default, so an empty file is complete.
 *
 * @param root key {@code root}: the directory that holds snapshots, the content store and the
 *     database; default {@code /var/lib/harbour}. On ext4, xfs or btrfs, and with a short path,
 *     because it is part of every mount option
 * @param address key {@code address}: the unix socket that containerd calls; default {@code
 *     /run/harbour/harbourd.sock}
 * @param metricsAddress key {@code metrics-address}: {@code host:port} to serve Prometheus metrics
 *     on, over HTTP; off by default
 * @param logLevel key {@code log-level}: {@code error}, {@code warn}, {@code info} (the default) or
 *     {@code debug}
 * @param containerdAddress key {@code address} in table {@code containerd}: containerd's own
 *     socket, to ask which registry a layer came from; default {@code
 *     /run/containerd/containerd.sock}; an empty string turns the question off
 * @param certsDirectories key {@code certs-directories} in table {@code registry}: directories of
 *     {@code HOST/hosts.toml} files with mirrors, CAs and client certificates; default {@code
 *     /etc/containerd/certs.d} and {@code /etc/docker/certs.d}
 * @param dockerConfigDirectory key {@code docker-config} in table {@code registry}: the directory
 *     of Docker's {@code config.json}, where credentials are; default {@code $DOCKER_CONFIG}, else
 *     {@code ~/.docker}
 * @param plainHttpHosts key {@code plain-http} in table {@code registry}: registries ({@code
 *     host[:port]}) to speak to without TLS; none by default, and loopback addresses need not be
 *     named
 * @param fetchTimeout key {@code timeout} in table {@code fetch}, in seconds, 1 to 3600: after so
 *     long a read that waits for a registry fails with EIO; default 120
 * @param parallelFetches key {@code parallel} in table {@code fetch}, 1 to 1024: frames that are
 *     fetched at once; default 32
 * @param tree key {@code tree} in table {@code index}: {@code auto} (the default), {@code erofs} or
 *     {@code fuse}: how the trees of index images are mounted
 * @param attachedFrom key {@code attached-from} in table {@code index}: registries ({@code
 *     host[:port]}), and repositories or the beginnings of their paths, in which an index beside an
 *     ordinary image is looked for when a client is about to unpack it; {@code *} for all; none by
 *     default
 * @param pool table {@code pool}: where the memory pool is
 */
public record HarbourdConfig(
    Path root,
    Path address,
    Optional<String> metricsAddress,
    String logLevel,
    Optional<Path> containerdAddress,
    List<Path> certsDirectories,
    Path dockerConfigDirectory,
    Set<String> plainHttpHosts,
    Duration fetchTimeout,
    int parallelFetches,
    TreeChoice tree,
    List<String> attachedFrom,
    PoolSettings pool) {

  public HarbourdConfig {
    certsDirectories = List.copyOf(certsDirectories);
    attachedFrom = List.copyOf(attachedFrom);
    plainHttpHosts = Set.copyOf(plainHttpHosts);
  }

  /** The same with another root directory. */
  public HarbourdConfig withRoot(Path other) {
    return new HarbourdConfig(
        other,
        address,
        metricsAddress,
        logLevel,
        containerdAddress,
        certsDirectories,
        dockerConfigDirectory,
        plainHttpHosts,
        fetchTimeout,
        parallelFetches,
        tree,
        attachedFrom,
        pool);
  }

  /** The same with another socket. */
  public HarbourdConfig withAddress(Path other) {
    return new HarbourdConfig(
        root,
        other,
        metricsAddress,
        logLevel,
        containerdAddress,
        certsDirectories,
        dockerConfigDirectory,
        plainHttpHosts,
        fetchTimeout,
        parallelFetches,
        tree,
        attachedFrom,
        pool);
  }
}
